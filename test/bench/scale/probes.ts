import type { DataSetShape, Sample } from './data-set-shape.ts';

/** What is asked of a data set, one request after another. */
export interface Probe {
  readonly name: string;
  /** Whether it says anything of a data set. */
  readonly fits: (shape: DataSetShape) => boolean;
  /** The path that asks for the sampled tag or repository with this number. */
  readonly path: (sample: Sample, number: number) => string;
}

const pageSize = 100;

export const probes: readonly Probe[] = [
  {
    name: 'look up a tag',
    fits: () => true,
    path: ({ tags }, number) => {
      const { repository, tag } = at(tags, number);
      return `/v2/${repository}/manifests/${tag}`;
    },
  },
  {
    name: `page of ${pageSize} tags, anywhere`,
    fits: () => true,
    path: ({ tags }, number) => {
      const { repository, tag } = at(tags, number);
      return `/v2/${repository}/tags/list?n=${pageSize}&last=${tag}`;
    },
  },
  {
    name: `page of ${pageSize} repositories, anywhere`,
    fits: ({ repositories }) => repositories > 1,
    path: ({ repositories }, number) => `/v2/_catalog?n=${pageSize}&last=${at(repositories, number)}`,
  },
];

/** Begins again at the end of a list that is too short. */
function at<T>(list: readonly T[], number: number): T {
  const found = list[number % list.length];
  if (found === undefined) throw new Error('Nothing was sampled.');
  return found;
}
