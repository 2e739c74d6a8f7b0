import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ManifestError, parseManifest } from './manifest.ts';
import { mediaTypes } from './media-types.ts';

const limits = { bytesMax: 100_000, descriptorsMax: 10, depthMax: 16 };
const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const digestOf = (digit: string) => `sha256:${digit.repeat(64)}`;
const config = { mediaType: mediaTypes.ociConfig, digest: digestOf('c'), size: 7023 };
const layer = (digit: string, size: number) => ({
  mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
  digest: digestOf(digit),
  size,
});
const image = {
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  config,
  layers: [layer('1', 32654), layer('2', 16724)],
};
const child = {
  mediaType: mediaTypes.ociManifest,
  digest: digestOf('d'),
  size: 500,
  platform: { architecture: 'arm', os: 'linux', variant: 'v7' },
};
const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [child] };
const artifact = {
  mediaType: mediaTypes.orasArtifactManifest,
  artifactType: 'application/vnd.example.sbom',
  blobs: [layer('1', 10)],
  subject: { mediaType: mediaTypes.ociManifest, digest: digestOf('d'), size: 500 },
};
const parse = (value: unknown, contentType?: string) => parseManifest(bytesOf(value), contentType, limits);

describe('an image manifest', () => {
  test('gives config, layers, sizes and references', () => {
    const parsed = parse(image, mediaTypes.ociManifest);
    expect(parsed).toMatchObject({ kind: 'image', mediaType: mediaTypes.ociManifest, manifests: [] });
    expect(parsed.config).toMatchObject({
      mediaType: mediaTypes.ociConfig,
      digest: digestOf('c'),
      sizeBytes: 7023,
    });
    expect(parsed.layers.map((one) => one.sizeBytes)).toEqual([32654, 16724]);
    expect(parsed.imageSizeBytes).toBe(56401);
    expect(parsed.references.map((one) => [one.kind, one.digest[7], one.required])).toEqual([
      ['config', 'c', true],
      ['layer', '1', true],
      ['layer', '2', true],
    ]);
  });

  test('of Docker schema 2 is one too', () => {
    const docker = { ...image, mediaType: mediaTypes.dockerManifest };
    expect(parse(docker, mediaTypes.dockerManifest)).toMatchObject({
      kind: 'image',
      mediaType: mediaTypes.dockerManifest,
    });
  });

  test('without artifactType is listed among referrers by the media type of its config', () => {
    expect(parse(image)).toMatchObject({
      artifactType: undefined,
      referrerArtifactType: mediaTypes.ociConfig,
    });
    expect(parse({ ...image, artifactType: '' }).referrerArtifactType).toBe(mediaTypes.ociConfig);
  });

  test('with any artifactType keeps it, its annotations, and its subject, which is no reference', () => {
    const subject = { mediaType: mediaTypes.ociIndex, digest: digestOf('e'), size: 9 };
    const parsed = parse({ ...image, artifactType: 'whatever', subject, annotations: { k: 'v' } });
    expect(parsed).toMatchObject({
      artifactType: 'whatever',
      referrerArtifactType: 'whatever',
      annotations: { k: 'v' },
    });
    expect(parsed.subject?.digest).toBe(digestOf('e'));
    expect(parsed.references.map((one) => one.digest)).not.toContain(digestOf('e'));
  });

  test('may have no layers, written as an empty list or, by Go, as null', () => {
    for (const layers of [[], null]) expect(parse({ ...image, layers }).layers).toEqual([]);
  });

  test('may carry members that nobody knows, and empty annotations', () => {
    expect(parse({ ...image, 'org.example.custom': [1], annotations: {} }).annotations).toEqual({});
  });

  test('as a Bicep client publishes it is read', () => {
    const parsed = parse({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType: 'application/vnd.ms.bicep.module.artifact',
      config: { ...config, mediaType: 'application/vnd.ms.bicep.module.config.v1+json', annotations: {} },
      layers: [{ ...layer('1', 5), mediaType: 'application/vnd.ms.bicep.module.layer.v1+json' }],
      annotations: { 'org.opencontainers.image.created': '2026-01-01T00:00:00Z' },
    });
    expect(parsed.referrerArtifactType).toBe('application/vnd.ms.bicep.module.artifact');
  });
});

describe('an index', () => {
  test('gives its children with platforms and the sum of their sizes', () => {
    const nested = { mediaType: mediaTypes.ociIndex, digest: digestOf('e'), size: 20 };
    const parsed = parse({ ...index, manifests: [child, nested] }, mediaTypes.ociIndex);
    expect(parsed).toMatchObject({ kind: 'index', config: undefined, layers: [], imageSizeBytes: 520 });
    expect(parsed.references).toEqual([
      {
        digest: digestOf('d'),
        kind: 'child',
        mediaType: mediaTypes.ociManifest,
        sizeBytes: 500,
        required: true,
        platform: { architecture: 'arm', os: 'linux', variant: 'v7' },
      },
      { digest: digestOf('e'), kind: 'child', mediaType: mediaTypes.ociIndex, sizeBytes: 20, required: true },
    ]);
  });

  test('may be empty, and has no artifact type among referrers unless it names one', () => {
    expect(parse({ ...index, manifests: [] })).toMatchObject({
      manifests: [],
      referrerArtifactType: undefined,
    });
    expect(parse({ ...index, artifactType: 'a/b' }).referrerArtifactType).toBe('a/b');
  });

  test('of Docker is one too', () => {
    expect(parse({ ...index, mediaType: mediaTypes.dockerList }).kind).toBe('index');
  });
});

describe('an artifact manifest', () => {
  test.each([mediaTypes.orasArtifactManifest, mediaTypes.ociArtifactManifest])(
    '%s gives its blobs as layers',
    (mediaType) => {
      const parsed = parse({ ...artifact, mediaType }, mediaType);
      expect(parsed).toMatchObject({ kind: 'artifact', mediaType, imageSizeBytes: 10 });
      expect(parsed.referrerArtifactType).toBe('application/vnd.example.sbom');
      expect(parsed.references).toMatchObject([{ kind: 'layer', digest: digestOf('1') }]);
      expect(parsed.subject?.digest).toBe(digestOf('d'));
    },
  );

  test('may have no blobs', () => {
    expect(parse({ mediaType: mediaTypes.ociArtifactManifest, artifactType: 'a/b' }).layers).toEqual([]);
  });
});

describe('a manifest is refused', () => {
  test.each<[string, unknown, string, string | undefined]>([
    ['layers and manifests', { ...image, manifests: [child] }, 'manifest_ambiguous', 'manifests'],
    ['layers and an empty list of manifests', { ...image, manifests: [] }, 'manifest_ambiguous', 'manifests'],
    ['manifests and layers', { ...index, layers: [] }, 'manifest_ambiguous', 'layers'],
    ['manifests and config', { ...index, config }, 'manifest_ambiguous', 'config'],
    ['blobs and layers', { ...artifact, layers: [] }, 'manifest_ambiguous', 'layers'],
    ['layers and fsLayers', { ...image, fsLayers: [] }, 'manifest_ambiguous', 'fsLayers'],
    ['manifests in capitals', { ...image, Manifests: [child] }, 'manifest_ambiguous', 'Manifests'],
    [
      'manifests with a long s',
      { ...image, 'manife\u017fts': [child] },
      'manifest_ambiguous',
      'manife\u017fts',
    ],
    ['no schemaVersion', { ...image, schemaVersion: undefined }, 'manifest_invalid', 'schemaVersion'],
    ['schemaVersion 3', { ...image, schemaVersion: 3 }, 'manifest_invalid', 'schemaVersion'],
    ['schemaVersion in quotes', { ...index, schemaVersion: '2' }, 'manifest_invalid', 'schemaVersion'],
    ['no config', { ...image, config: undefined }, 'manifest_invalid', 'config'],
    ['config null', { ...image, config: null }, 'manifest_invalid', 'config'],
    ['no layers', { ...image, layers: undefined }, 'manifest_invalid', 'layers'],
    ['layers an object', { ...image, layers: {} }, 'manifest_invalid', 'layers'],
    ['a layer null', { ...image, layers: [layer('1', 1), null] }, 'manifest_invalid', 'layers[1]'],
    ['a negative size', { ...image, layers: [layer('1', -1)] }, 'manifest_invalid', 'layers[0].size'],
    ['no manifests', { ...index, manifests: undefined }, 'manifest_invalid', 'manifests'],
    [
      'a bad child',
      { ...index, manifests: [{ ...child, digest: 'latest' }] },
      'manifest_invalid',
      'manifests[0].digest',
    ],
    ['a bad subject', { ...image, subject: { ...child, size: 0.5 } }, 'manifest_invalid', 'subject.size'],
    ['a subject that is text', { ...image, subject: digestOf('d') }, 'manifest_invalid', 'subject'],
    ['annotations a list', { ...image, annotations: ['a'] }, 'manifest_invalid', 'annotations'],
    ['an artifactType that is no text', { ...image, artifactType: 1 }, 'manifest_invalid', 'artifactType'],
    [
      'sizes beyond all numbers',
      { ...image, layers: [layer('1', 2 ** 53 - 1)] },
      'manifest_invalid',
      undefined,
    ],
    [
      'one digest with two sizes',
      { ...image, layers: [layer('1', 1), layer('1', 2)] },
      'manifest_invalid',
      'layers[1].size',
    ],
    [
      'ten layers and a config',
      { ...image, layers: Array(10).fill(layer('1', 1)) },
      'too_many_descriptors',
      'layers',
    ],
    ['eleven children', { ...index, manifests: Array(11).fill(child) }, 'too_many_descriptors', 'manifests'],
    ['eleven blobs', { ...artifact, blobs: Array(11).fill(layer('1', 1)) }, 'too_many_descriptors', 'blobs'],
  ])('for %s', (_what, value, code, member) => {
    const refusal = refusalOf(() => parse(value));
    expect({ code: refusal.code, member: refusal.member }).toEqual({ code, member });
    if (member !== undefined) expect(refusal.message).toContain(member.split('.')[0]);
  });

  test('but not with exactly as many descriptors as are allowed', () => {
    expect(parse({ ...image, layers: Array(9).fill(layer('1', 1)) }).layers).toHaveLength(9);
    expect(parse({ ...index, manifests: Array(10).fill(child) }).manifests).toHaveLength(10);
  });
});

describe('whatever is sent', () => {
  const contentType = fc.option(
    fc.oneof(
      fc.constantFrom(...Object.values(mediaTypes), `${mediaTypes.ociIndex}; charset=utf-8`),
      fc.string(),
    ),
    { nil: undefined },
  );
  const odd = fc.oneof(fc.jsonValue(), fc.constant(undefined));
  const someDescriptor = fc.oneof(
    { arbitrary: fc.constantFrom<unknown>(config, child, layer('1', 3)), weight: 3 },
    fc.record({
      mediaType: fc.oneof(fc.constant('a/b'), odd),
      digest: fc.oneof(fc.constant(digestOf('a')), odd),
      size: fc.oneof(fc.nat(), fc.double(), odd),
      platform: odd,
      annotations: fc.oneof(fc.dictionary(fc.string(), fc.string()), odd),
    }),
    odd,
  );
  const someManifest = fc.record(
    {
      schemaVersion: fc.oneof({ arbitrary: fc.constant<unknown>(2), weight: 5 }, odd),
      mediaType: fc.oneof(
        { arbitrary: fc.constantFrom<unknown>(...Object.values(mediaTypes)), weight: 5 },
        odd,
      ),
      config: someDescriptor,
      layers: fc.oneof(fc.array(someDescriptor), odd),
      manifests: fc.oneof(fc.array(someDescriptor), odd),
      blobs: fc.oneof(fc.array(someDescriptor), odd),
      subject: someDescriptor,
      annotations: odd,
      artifactType: fc.oneof(fc.string(), odd),
    },
    { requiredKeys: ['schemaVersion', 'mediaType'] },
  );

  test('bytes, JSON and near manifests give a manifest or a ManifestError, never anything else', () => {
    const body = fc.oneof(
      fc.uint8Array(),
      fc.string({ unit: 'binary' }).map((text) => new TextEncoder().encode(text)),
      fc.json().map((text) => new TextEncoder().encode(text)),
      { arbitrary: someManifest.map(bytesOf), weight: 5 },
    );
    let accepted = 0;
    fc.assert(
      fc.property(body, contentType, (bytes, type) => {
        try {
          const parsed = parseManifest(bytes, type, limits);
          accepted++;
          expect(Number.isSafeInteger(parsed.imageSizeBytes) && parsed.imageSizeBytes >= 0).toBe(true);
          expect(new Set(parsed.references.map((one) => one.digest)).size).toBe(parsed.references.length);
        } catch (error) {
          if (!(error instanceof ManifestError)) throw error;
        }
      }),
      { numRuns: 2_000, seed: 1 },
    );
    // The generator is of use only while some of what it makes is a manifest.
    expect(accepted).toBeGreaterThan(0);
  });
});

function refusalOf(act: () => unknown): ManifestError {
  try {
    act();
  } catch (error) {
    if (error instanceof ManifestError) return error;
    throw error;
  }
  throw new Error('Nothing was refused.');
}
