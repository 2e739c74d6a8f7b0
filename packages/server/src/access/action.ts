/** What can be done with the content of a registry, as scopes of tokens name it. `catalog` is of the registry itself. */
export type Action = 'pull' | 'push' | 'delete' | 'metadata_read' | 'metadata_write' | 'catalog';
