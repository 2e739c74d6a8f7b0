/** The last lines of a command's help. */
export const example = (words: string): string => `\nExample:\n  npm run -s cerulean -- ${words}`;
