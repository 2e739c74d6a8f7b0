/** `CERULEAN_TEST_SIZE=full` runs much longer; anything else is the size of every check-in. */
export const isFullSize = process.env['CERULEAN_TEST_SIZE'] === 'full';

/** The number that goes with the size of this run. */
export const sized = (numbers: { readonly ci: number; readonly full: number }): number =>
  isFullSize ? numbers.full : numbers.ci;
