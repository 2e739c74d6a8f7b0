import { describe, expect, test } from 'vitest';
import { createFetchJson } from '../outbound/fetch-json.ts';
import { type MadeIssuer, makeKey, startIssuer } from './made-issuer.fixture.ts';
import { createOutsideKeys, type KeySource, KeysUnavailable } from './outside-keys.ts';

const first = makeKey('k1');
const second = makeKey('k2');
const wanted = { alg: 'ES256', kid: 'k1' };
const minuteMs = 60_000;

/** Keys of a made issuer as one thread has them, under a clock that stands until it is moved. */
async function open(more: Partial<KeySource> = {}, timeoutMs = 30_000) {
  const issuer = await startIssuer(first);
  const failures: string[] = [];
  const time = { now: Date.UTC(2026, 10, 24) };
  const keys = createOutsideKeys({
    fetchJson: createFetchJson({ bytesMax: 4096, timeoutMs }),
    clock: () => time.now,
    onFailure: (_issuer, why) => failures.push(why),
  });
  const source = { issuer: issuer.url, keys: undefined, jwksUri: undefined, ca: undefined, ...more };
  const kidsFound = async (...kids: string[]) => {
    const found = await Promise.all(kids.map((kid) => keys.find(source, { alg: 'ES256', kid })));
    return found.map((key) => key?.kid);
  };
  return {
    issuer,
    failures,
    time,
    keys,
    source,
    kidsFound,
    [Symbol.asyncDispose]: () => issuer[Symbol.asyncDispose](),
  };
}

const both = ['/.well-known/openid-configuration', '/jwks'];

describe('the keys of an issuer', () => {
  test('are fetched once for all who ask at the same time, and remembered for ten minutes', async () => {
    await using made = await open();
    expect(await made.kidsFound('k1', 'k1', 'k1')).toEqual(['k1', 'k1', 'k1']);
    made.time.now += 9 * minuteMs;
    expect(await made.kidsFound('k1')).toEqual(['k1']);
    expect(made.issuer.asked).toEqual(both);
  });

  test('are looked at again after ten minutes: one that was withdrawn is gone', async () => {
    await using made = await open();
    await made.kidsFound('k1');
    made.issuer.keys = [second.jwk];
    made.time.now += 10 * minuteMs;
    expect(await made.kidsFound('k1', 'k2')).toEqual([undefined, 'k2']);
    // Where the keys are was remembered.
    expect(made.issuer.asked).toEqual([...both, '/jwks']);
  });

  test('that are new are found by the first token that names one', async () => {
    await using made = await open();
    await made.kidsFound('k1');
    made.issuer.keys = [first.jwk, second.jwk];
    made.time.now += minuteMs;
    expect(await made.kidsFound('k2', 'k1')).toEqual(['k2', 'k1']);
    expect(made.issuer.asked).toEqual([...both, '/jwks']);
  });

  test('that are new are found ten seconds after a fetch, also by a token that came too early for the next', async () => {
    await using made = await open();
    await made.kidsFound('k1');
    made.issuer.keys = [first.jwk, second.jwk];
    made.time.now += 5000;
    expect(await made.kidsFound('k2')).toEqual([undefined]);
    made.time.now += 5000;
    expect(await made.kidsFound('k2')).toEqual(['k2']);
  });

  test('outlast a flood of made-up names, which leads to one fetch in ten seconds', async () => {
    await using made = await open();
    await made.kidsFound('k1');
    for (let round = 0; round < 3; round += 1) {
      made.time.now += 10_000;
      const flood = Array.from({ length: 400 }, (_, at) => `made-up-${round}-${at}`);
      expect(new Set(await made.kidsFound(...flood))).toEqual(new Set([undefined]));
      expect(await made.kidsFound('k1')).toEqual(['k1']);
    }
    expect(made.issuer.asked).toEqual([...both, '/jwks', '/jwks', '/jwks']);
  });

  test('are not asked for a name again that they had not, for five minutes', async () => {
    await using made = await open();
    expect(await made.kidsFound('unknown')).toEqual([undefined]);
    for (let minute = 0; minute < 4; minute += 1) {
      made.time.now += minuteMs;
      expect(await made.kidsFound('unknown')).toEqual([undefined]);
    }
    expect(made.issuer.asked).toEqual(both);
    made.time.now += minuteMs;
    await made.kidsFound('unknown');
    expect(made.issuer.asked).toEqual([...both, '/jwks']);
  });

  test('are believed for a day while the issuer is down, and no longer', async () => {
    await using made = await open();
    await made.kidsFound('k1');
    made.issuer.spoiled = (response) => response.destroy();
    made.time.now += 23 * 60 * minuteMs;
    expect(await made.kidsFound('k1')).toEqual(['k1']);
    expect(made.failures).toHaveLength(1);
    made.time.now += 61 * minuteMs;
    await expect(made.keys.find(made.source, wanted)).rejects.toThrow(KeysUnavailable);
    made.issuer.spoiled = undefined;
    made.time.now += 10_000;
    expect(await made.kidsFound('k1')).toEqual(['k1']);
  });

  test('that are not there yet are asked for once in ten seconds', async () => {
    await using made = await open();
    made.issuer.spoiled = (response) => response.destroy();
    for (let attempt = 0; attempt < 3; attempt += 1)
      await expect(made.keys.find(made.source, wanted)).rejects.toThrow(KeysUnavailable);
    expect(made.issuer.asked).toHaveLength(1);
  });

  const spoils: {
    what: string;
    spoil: (issuer: MadeIssuer) => void;
    why: RegExp;
    timeoutMs?: number;
  }[] = [
    {
      what: 'a redirect',
      spoil: (issuer) => {
        issuer.spoiled = (response) => response.writeHead(302, { location: `${issuer.url}/jwks` }).end();
      },
      why: /it answered 302, and redirects are not followed/,
    },
    {
      what: 'too much',
      spoil: (issuer) => {
        issuer.spoiled = (response) => response.end(JSON.stringify({ keys: 'x'.repeat(5000) }));
      },
      why: /more than 4096 bytes/,
    },
    {
      what: 'nothing for long',
      spoil: (issuer) => {
        issuer.spoiled = (response) => response.write('{');
      },
      why: /no answer within 200 ms/,
      timeoutMs: 200,
    },
    {
      what: 'no JSON',
      spoil: (issuer) => {
        issuer.spoiled = (response) => response.end('<html>');
      },
      why: /not valid JSON/,
    },
    {
      what: 'the discovery document of another',
      spoil: (issuer) => {
        issuer.discovery = { issuer: `${issuer.url}/` };
      },
      why: /names another issuer/,
    },
    {
      what: 'keys at another origin',
      spoil: (issuer) => {
        issuer.discovery = { jwks_uri: `${issuer.url.replace('127.0.0.1', 'localhost')}/jwks` };
      },
      why: /is at another origin: allow it with --jwks-uri/,
    },
    {
      what: 'no key',
      spoil: (issuer) => {
        issuer.keys = [
          { kty: 'oct', k: 'c2VjcmV0', kid: 'k1' },
          { kty: 'RSA', kid: 'k1' },
        ];
      },
      why: /no JWK set with a key that can be used/,
    },
  ];
  test.each(spoils)('are none when it answers $what', async ({ spoil, why, timeoutMs }) => {
    await using made = await open({}, timeoutMs);
    spoil(made.issuer);
    await expect(made.keys.find(made.source, wanted)).rejects.toThrow(why);
    expect(made.failures).toEqual([expect.stringMatching(why)]);
  });

  test('come from where the operator says, without a look at what the issuer says', async () => {
    await using elsewhere = await startIssuer(second);
    await using made = await open({ jwksUri: `${elsewhere.url}/jwks` });
    expect(await made.kidsFound('k2', 'k1')).toEqual(['k2', undefined]);
    expect([made.issuer.asked, elsewhere.asked]).toEqual([[], ['/jwks']]);
  });

  test('that the operator gave are used as they are, and nothing is fetched', async () => {
    await using made = await open({ keys: JSON.stringify({ keys: [first.jwk] }) });
    expect(await made.kidsFound('k1', 'k2')).toEqual(['k1', undefined]);
    expect(made.issuer.asked).toEqual([]);
  });
});
