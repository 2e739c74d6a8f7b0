import { expect, test } from 'vitest';
import { generatePassword } from './generate-password.ts';

test('a generated password has at least 128 bits in letters and digits alone', () => {
  const password = generatePassword();
  expect(password).toMatch(/^[A-Za-z0-9]+$/);
  expect(password.length * Math.log2(62)).toBeGreaterThan(128);
});

test('no two passwords are alike', () => {
  expect(new Set(Array.from({ length: 1000 }, generatePassword)).size).toBe(1000);
});

test('every character comes up', () => {
  const seen = new Set(Array.from({ length: 200 }, generatePassword).join(''));
  expect(seen.size).toBe(62);
});
