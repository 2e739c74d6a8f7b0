/**
 * The value of a parameter of a form or a query; undefined where it is not given. One that comes twice is refused, by
 * the error that `twice` makes of its text: two readers could each take another one.
 */
export function singleParameter(
  parameters: URLSearchParams,
  name: string,
  twice: (message: string) => Error,
): string | undefined {
  const values = parameters.getAll(name);
  if (values.length > 1) throw twice(`The parameter ${name} is given more than once.`);
  return values[0];
}
