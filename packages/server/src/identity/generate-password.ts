import { randomInt } from 'node:crypto';

const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const passwordChars = 40;

/**
 * A password of 40 letters and digits: 238 bits from the system's generator, and nothing that a shell, a URL or a
 * double click treats as special.
 */
export function generatePassword(): string {
  return Array.from({ length: passwordChars }, () => characters[randomInt(characters.length)]).join('');
}
