import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ConfigError } from './config-error.ts';
import { type ConfigSources, loadConfig } from './load-config.ts';

const machine = { env: {}, cwd: '/srv/app', cpus: 4, memoryBytes: 8 * 1024 ** 3, platform: 'linux' as const };
const load = (sources: Partial<ConfigSources>) => loadConfig({ ...machine, argv: [], ...sources });

/** A folder that goes with the test that asked for it. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cerulean-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function fileWith(content: string): string {
  const file = join(temporaryFolder(), 'cerulean.json');
  writeFileSync(file, content);
  return file;
}

describe('defaults', () => {
  test('without anything given the server listens on loopback and keeps its data beside itself', () => {
    expect(load({})).toMatchObject({
      port: 5000,
      host: '127.0.0.1',
      dataFolder: '/srv/app/data',
      rootKeyFile: '/srv/app/data/keys/root.key',
      domain: 'azurecr.localhost',
      registry: 'cerulean',
      encryption: 'aes-256-gcm',
      insecureHttp: false,
      workers: 4,
      cacheMemoryBytes: 1024 ** 3,
      publicUrl: undefined,
      adminPassword: undefined,
    });
  });

  test.each([
    { memoryBytes: 256 * 1024 ** 2, cacheMiB: 64 },
    { memoryBytes: 2 * 1024 ** 3, cacheMiB: 256 },
    { memoryBytes: 512 * 1024 ** 3, cacheMiB: 4096 },
  ])('a machine of $memoryBytes bytes gets a cache of $cacheMiB MiB', ({ memoryBytes, cacheMiB }) => {
    expect(load({ memoryBytes }).cacheMemoryBytes).toBe(cacheMiB * 1024 ** 2);
  });

  test('there are never more than 64 workers, and one on Windows', () => {
    expect(load({ cpus: 128 }).workers).toBe(64);
    expect(load({ platform: 'win32' }).workers).toBe(1);
    expect(() => load({ platform: 'win32', argv: ['--workers', '2'] })).toThrow(
      /workers can't be 2 on Windows/,
    );
  });

  test('the root key follows the data folder unless it is given a place', () => {
    expect(load({ argv: ['--data', 'here'] }).rootKeyFile).toBe('/srv/app/here/keys/root.key');
    expect(load({ argv: ['--data', 'here', '--root-key', '/keys/k'] }).rootKeyFile).toBe('/keys/k');
  });

  test('the configuration is frozen, its lists too', () => {
    const config = load({ argv: ['--hostname', 'a.example'] });
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.hostnames)).toBe(true);
  });
});

describe('sources', () => {
  test('a flag wins over a variable, and a variable over the file', () => {
    const file = fileWith('{ "port": 1001, "host": "::1", "domain": "file.example" }');
    const env = { CERULEAN_HOST: '127.0.0.2', CERULEAN_PORT: '1002' };
    expect(load({ argv: ['--config', file, '--port=1003'], env })).toMatchObject({
      port: 1003,
      host: '127.0.0.2',
      domain: 'file.example',
    });
  });

  test('the file can be named by a variable', () => {
    expect(load({ env: { CERULEAN_CONFIG: fileWith('{ "port": 1001 }') } }).port).toBe(1001);
  });

  test('lists are given by commas, by repetition and as arrays of a file', () => {
    const wanted = ['a.example', 'b.example', '10.1.2.3'];
    expect(load({ argv: ['--hostname', 'a.example, b.example', '--hostname=10.1.2.3'] }).hostnames).toEqual(
      wanted,
    );
    expect(load({ env: { CERULEAN_HOSTNAME: wanted.join(',') } }).hostnames).toEqual(wanted);
    expect(load({ argv: ['--config', fileWith(JSON.stringify({ hostname: wanted }))] }).hostnames).toEqual(
      wanted,
    );
  });

  test('sizes take units, and a file may give a number of bytes', () => {
    expect(load({ argv: ['--cache-memory', '512MiB'] }).cacheMemoryBytes).toBe(536_870_912);
    expect(load({ env: { CERULEAN_CACHE_MEMORY: '1.5 GiB' } }).cacheMemoryBytes).toBe(1_610_612_736);
    expect(load({ argv: ['--config', fileWith('{"reserve-space": 20000000}')] }).reserveSpaceBytes).toBe(
      20_000_000,
    );
  });

  test('a switch stands alone or has a value', () => {
    expect(load({ argv: ['--insecure-http', '--port', '1'] })).toMatchObject({ insecureHttp: true, port: 1 });
    expect(
      load({ argv: ['--insecure-http=off'], env: { CERULEAN_INSECURE_HTTP: 'true' } }).insecureHttp,
    ).toBe(false);
    expect(load({ argv: ['--config', fileWith('{"insecure-http": true}')] }).insecureHttp).toBe(true);
  });

  test('an empty variable is one that was not given, and variables of others are left alone', () => {
    expect(
      load({ env: { CERULEAN_PORT: '', CERULEAN_TEST_THING: '1', CERULEAN_TOOLS_DIR: '/t', PORT: '9' } })
        .port,
    ).toBe(5000);
  });
});

describe('unknown names', () => {
  test.each([
    [['--prot', '1'], /no flag --prot\. Did you mean --port\?/],
    [['--hots=1'], /no flag --hots\. Did you mean --host\?/],
    [['--cache-memroy', '1'], /Did you mean --cache-memory\?/],
    [['--confg', 'x'], /Did you mean --config\?/],
    [['--colour-scheme', 'blue'], /no flag --colour-scheme\. npm start -- --help lists all/],
    [['serve'], /What does «serve» mean\?/],
    [['--'], /What does «--» mean\?/],
    [['--port'], /--port needs a value/],
    [['--port', '1', '--port', '2'], /--port is given twice/],
  ])('%j is an error that names the nearest right one', (argv, message) => {
    expect(() => load({ argv })).toThrow(message);
  });

  test('a variable and a member of a file are checked as flags are', () => {
    expect(() => load({ env: { CERULEAN_WORKER: '1' } })).toThrow(
      /CERULEAN_WORKER\. Did you mean CERULEAN_WORKERS\?/,
    );
    const file = fileWith('{ "log-levl": "info" }');
    expect(() => load({ argv: ['--config', file] })).toThrow(
      `There is no member of ${file} log-levl. Did you mean log-level?`,
    );
  });

  test('the admin password is no setting: a flag or a file that gives it is refused', () => {
    expect(() => load({ argv: ['--admin-password', 'hunter2hunter2'] })).toThrow(ConfigError);
    expect(() => load({ argv: ['--config', fileWith('{"admin-password":"x"}')] })).toThrow(ConfigError);
  });
});

describe('bad values', () => {
  test.each([
    ['--port', '65536', 'a whole number from 0 to 65535'],
    ['--port', '80.5', 'a whole number'],
    ['--port', '0x50', 'a whole number'],
    ['--workers', '0', 'from 1 to 64'],
    ['--workers', '65', 'from 1 to 64'],
    ['--host', 'http://x', 'an address'],
    ['--host', '[::1]', 'an address'],
    ['--domain', 'Example.com', 'a domain name in lower case'],
    ['--domain', '-a.example', 'a domain name in lower case'],
    ['--registry', 'abcd', '5 to 50 lower-case letters and digits'],
    ['--registry', 'my-registry', '5 to 50 lower-case letters and digits'],
    ['--hostname', 'a.example,,b.example', 'names or addresses'],
    ['--hostname', 'a.example:5000', 'without a port'],
    ['--public-url', 'https://a.example/', 'not even a slash'],
    ['--public-url', 'a.example', 'http:// or https://'],
    ['--trusted-proxies', '10.0.0.0/33', 'addresses or networks'],
    ['--trusted-proxies', 'fd00::/129', 'addresses or networks'],
    ['--metrics-from', 'localhost', 'addresses or networks'],
    ['--cache-memory', '512', 'such as 512MiB'],
    ['--cache-memory', '512 potatoes', 'such as 512MiB'],
    ['--log-level', 'verbose', 'one of trace, debug, info'],
    ['--encryption', 'aes-128', 'one of aes-256-gcm, none'],
    ['--tls', 'on', 'one of off, auto'],
    ['--data', '', 'the path of a folder'],
  ])('%s %s is refused with what is right', (flag, value, right) => {
    const tried = () => load({ argv: [flag, value] });
    expect(tried).toThrow(ConfigError);
    expect(tried).toThrow(`${flag.slice(2)} can't be «${value}», as the flag ${flag} says: it must be`);
    expect(tried).toThrow(right);
  });

  test('the message says which variable or file a value came from', () => {
    expect(() => load({ env: { CERULEAN_PORT: 'x' } })).toThrow(
      "port can't be «x», as the variable CERULEAN_PORT says",
    );
    const file = fileWith('{ "port": "x" }');
    expect(() => load({ argv: ['--config', file] })).toThrow(`as the file ${file} says`);
    expect(() => load({ argv: ['--config', fileWith('{ "port": true }')] })).toThrow("port can't be «true»");
  });

  test('a file that is missing, is no JSON or holds no object is an error that names it', () => {
    expect(() => load({ argv: ['--config', 'missing.json'] })).toThrow("/srv/app/missing.json can't be read");
    expect(() => load({ argv: ['--config', fileWith('{ port: 1 }')] })).toThrow("can't be read");
    expect(() => load({ argv: ['--config', fileWith('[1]')] })).toThrow('must hold a JSON object');
  });

  test('certificates and keys come in pairs, and not with an own authority', () => {
    expect(() => load({ argv: ['--tls-cert', 'a.pem'] })).toThrow('belong together');
    expect(() => load({ argv: ['--tls-cert', 'a', '--tls-key', 'b', '--tls', 'auto'] })).toThrow(
      '--tls auto makes',
    );
  });
});

describe('the admin password', () => {
  const { adminPassword } = load({ env: { CERULEAN_ADMIN_PASSWORD: 'correct horse' } });

  test('is never printed', () => {
    expect(adminPassword?.reveal()).toBe('correct horse');
    const printed = [
      String(adminPassword),
      JSON.stringify({ adminPassword }),
      inspect({ adminPassword }, { showHidden: true }),
    ];
    for (const text of printed) {
      expect(text).toContain('[secret]');
      expect(text).not.toContain('correct');
    }
  });

  test.each(['short', 'line\nline\nline', 'x'.repeat(257)])(
    '%j is refused without being shown',
    (password) => {
      const tried = () => load({ env: { CERULEAN_ADMIN_PASSWORD: password } });
      expect(tried).toThrow('8 to 256 characters');
      expect(tried).not.toThrow(password);
    },
  );
});
