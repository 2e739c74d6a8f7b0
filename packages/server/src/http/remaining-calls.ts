/** As ACR names and writes it (recorded: 166.65, 333.3, 8.0). */
export const remainingCallsHeader = 'X-Ms-Ratelimit-Remaining-Calls-Per-Second';

const texts: string[] = [];
/** As many texts as the largest tier has calls in a minute; what is more is made each time. */
const textsMax = 20_000;

/** What is left of the bucket that has fewer calls left, for each second of the minute that it is good for. */
export function remainingCallsText(calls: number): string {
  const known = texts[calls];
  if (known !== undefined) return known;
  const hundredths = Math.floor((calls * 100) / 60);
  const text = hundredths % 10 === 0 ? (hundredths / 100).toFixed(1) : (hundredths / 100).toFixed(2);
  if (calls <= textsMax) texts[calls] = text;
  return text;
}
