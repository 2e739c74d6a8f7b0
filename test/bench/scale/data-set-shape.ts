/** How many tags lie in how many repositories. */
export interface DataSetShape {
  readonly tags: number;
  readonly repositories: number;
}

/** Names to ask for, picked at random from all. */
export interface Sample {
  readonly tags: readonly { readonly repository: string; readonly tag: string }[];
  readonly repositories: readonly string[];
}
