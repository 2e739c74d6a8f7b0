import fc from 'fast-check';

/** Letters on both sides of every character that a name may have: who does not compare bytes gets them wrong. */
const tagEnds = ['', '-', '.', '_', '0', '9', 'A', 'Z', 'a', 'z', '-a', '.a', '_a', 'aa', 'A.'];
const tagStems = ['a', 'A', 'b', 'v1', 'V1', '_', 'z', '10', '9', 'a'.repeat(120)];

/** Tags, many of which are prefixes of others or differ only in case. */
export const tagNames: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(...tagStems), fc.constantFrom(...tagEnds))
      .map(([stem, end]) => stem + end),
  },
  { weight: 1, arbitrary: fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,5}$/) },
);

/** Repositories: `a`, `a-b`, `a/b`, `a.b`, `a0` and the like stand in another order than people would put them. */
export const repositoryNames: fc.Arbitrary<string> = fc
  .array(fc.constantFrom('a', 'b', 'a0', 'a.b', 'a-b', 'a_b', 'a__b', 'a--b', 'ab', '0', 'z9'), {
    minLength: 1,
    maxLength: 3,
  })
  .map((parts) => parts.join('/'));
