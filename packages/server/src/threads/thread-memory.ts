/**
 * How much a thread may keep of what is young. By default each engine keeps up to 48 MB of it, which is memory that
 * four threads hold and nobody uses: answers live for a millisecond. Old memory is not limited here.
 */
export const servingMemory = { maxYoungGenerationSizeMb: 24 };
export const writerMemory = { maxYoungGenerationSizeMb: 12 };
