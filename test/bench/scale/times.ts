export const sides = ['few', 'many'] as const;

/** Milliseconds by what was asked, round by round, at few tags and at many. */
export class Times extends Map<string, { few: number[]; many: number[] }> {
  note(what: string, side: (typeof sides)[number], ms: number): void {
    const times = this.get(what) ?? { few: [], many: [] };
    times[side].push(ms);
    this.set(what, times);
  }
}
