/** The configuration can't be used. `message` is fit for the terminal as it is and says what is right instead. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
