/** What a child of an index, or an image, runs on (OCI image-spec, image-index.md, `platform`). */
export interface Platform {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly osVersion?: string;
}

/** `linux/arm64/v8`, with the version of the system in brackets when there is one: `windows(10.0.17763)/amd64`. */
export function formatPlatform(platform: Platform): string {
  const version = platform.osVersion === undefined ? '' : `(${platform.osVersion})`;
  const variant = platform.variant === undefined ? '' : `/${platform.variant}`;
  return `${platform.os}${version}/${platform.architecture}${variant}`;
}
