import { expect, test } from 'vitest';
import { formatPlatform } from './platform.ts';

test.each([
  [{ os: 'linux', architecture: 'amd64' }, 'linux/amd64'],
  [{ os: 'linux', architecture: 'arm', variant: 'v7' }, 'linux/arm/v7'],
  [{ os: 'windows', architecture: 'amd64', osVersion: '10.0.17763' }, 'windows(10.0.17763)/amd64'],
])('%j reads %s', (platform, text) => {
  expect(formatPlatform(platform)).toBe(text);
});
