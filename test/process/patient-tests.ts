import { vi } from 'vitest';

// Starting a server takes a second, and many times that on a machine that is busy with other things.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });
