import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allocateCache, cacheLayout } from './cache-layout.ts';
import { PageIndex } from './page-index.ts';
import { SlotTable } from './slot-table.ts';

const page = 65_536;

test('against a map: what was added and not removed is found, and nothing else stands in the index', () => {
  // Ids that share a word share places, and must be told apart; others lie between them.
  const key = fc.record({ id: fc.nat(19), page: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(key, { maxLength: 200 }), (keys) => {
      const layout = cacheLayout(allocateCache({ memoryBytes: 18 * page, threads: 1 }));
      const [index, slots] = [new PageIndex(layout), new SlotTable(layout)];
      const added = new Map<string, number>();
      const free = Array.from({ length: layout.slots }, (_, slot) => slot);
      for (const { id, page: number } of keys) {
        const blob = { words: wordsOf(id), sizeBytes: 8 * page };
        const name = `${id}/${number}`;
        const slot = added.get(name);
        expect(index.find(blob, number)).toBe(slot ?? -1);
        if (slot !== undefined) {
          index.remove(slot);
          index.remove(slot);
          added.delete(name);
          free.push(slot);
        } else {
          const chosen = free.shift();
          if (chosen === undefined) continue;
          slots.fill(chosen, 0, { blob, page: number, lengthBytes: page });
          index.add(chosen);
          added.set(name, chosen);
        }
        expect(layout.index.filter((entry) => entry !== 0).length).toBe(added.size);
      }
      for (const [name, slot] of added) {
        const [id, number] = name.split('/').map(Number) as [number, number];
        expect(index.find({ words: wordsOf(id), sizeBytes: 8 * page }, number)).toBe(slot);
      }
    }),
  );
});

const wordsOf = (id: number): [number, number, number, number] => [id % 10, 7, 7, id];
