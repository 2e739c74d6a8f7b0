import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type BackgroundProcess, startProcess } from '../tools/background-process.ts';
import { freeLoopbackPort } from '../tools/free-loopback-port.ts';
import { toolFile } from '../tools/tool-location.ts';
import { clientProgram } from './client-program.ts';
import { registry } from './test-registry.ts';

interface PolicyServer extends AsyncDisposable {
  readonly address: string;
  readonly process: BackgroundProcess;
}

const configType = 'application/vnd.oci.image.config.v1+json';
const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip';

/** Builds a bundle of one policy with opa and pushes it with oras, as opa's documentation has it. */
async function pushBundle(reference: string, allowedUser: string): Promise<void> {
  const opa = clientProgram('opa');
  const policy = `package example\n\ndefault allow := false\n\nallow if input.user == "${allowedUser}"\n`;
  await mkdir(join(opa.folder, 'policy'));
  await writeFile(join(opa.folder, 'policy', 'example.rego'), policy);
  await opa.run(['build', '--bundle', 'policy', '--output', 'bundle.tar.gz']);
  const oras = clientProgram('oras');
  const password = ['--username', registry.user, '--password-stdin'];
  await oras.run(['login', '--plain-http', ...password, registry.host], { input: registry.password });
  await writeFile(join(opa.folder, 'config.json'), '{}');
  const files = ['--config', `config.json:${configType}`, reference, `bundle.tar.gz:${layerType}`];
  await oras.run(['push', '--plain-http', ...files], { cwd: opa.folder });
}

/** Starts opa as a server that takes its policies from the registry and asks for news every second. */
async function startPolicyServer(reference: string): Promise<PolicyServer> {
  const { folder, env } = clientProgram('opa');
  const config = {
    services: {
      registry: {
        url: `http://${registry.host}`,
        type: 'oci',
        // opa puts the token into base64 by itself when the service is a registry.
        credentials: { bearer: { scheme: 'Basic', token: registry.credentials } },
      },
    },
    bundles: {
      example: {
        service: 'registry',
        resource: reference,
        polling: { min_delay_seconds: 1, max_delay_seconds: 1 },
      },
    },
    persistence_directory: join(folder, 'persisted'),
  };
  // A configuration file is read as YAML, of which JSON is a part.
  await writeFile(join(folder, 'config.yaml'), JSON.stringify(config));
  const address = `127.0.0.1:${await freeLoopbackPort()}`;
  const quiet = ['--log-level', 'error', '--disable-telemetry'];
  const args = ['run', '--server', '--addr', address, ...quiet, '--config-file', 'config.yaml'];
  const process = startProcess(toolFile('opa'), args, { env, cwd: folder, logFile: join(folder, 'opa.log') });
  const server = { address, process, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() };
  // With ?bundles opa answers 200 only when every bundle is loaded.
  await process.waitUntil(async () => (await statusOf(`http://${address}/health?bundles`)) === 200, 60_000);
  return server;
}

async function statusOf(url: string): Promise<number> {
  try {
    return (await fetch(url)).status;
  } catch (error) {
    if (error instanceof TypeError) return 0;
    throw error;
  }
}

async function decide({ address }: PolicyServer, user: string): Promise<unknown> {
  const response = await fetch(`http://${address}/v1/data/example/allow`, {
    method: 'POST',
    body: JSON.stringify({ input: { user } }),
  });
  return response.json();
}

test('opa loads a bundle from the registry and decides by it', async () => {
  const reference = `${registry.host}/clients/opa/bundle:1.0.0`;
  await pushBundle(reference, 'alice');
  await using server = await startPolicyServer(reference);
  expect(await decide(server, 'alice')).toMatchObject({ result: true });
  expect(await decide(server, 'mallory')).toMatchObject({ result: false });
});

test('opa notices that the tag of its bundle names another policy', async () => {
  const reference = `${registry.host}/clients/opa/moved:latest`;
  await pushBundle(reference, 'alice');
  await using server = await startPolicyServer(reference);
  expect(await decide(server, 'bob')).toMatchObject({ result: false });
  await pushBundle(reference, 'bob');
  for (let attempt = 0; attempt < 60; attempt += 1) {
    const answer = await decide(server, 'bob');
    if (JSON.stringify(answer).includes('true')) break;
    await sleep(500);
  }
  expect(await decide(server, 'bob')).toMatchObject({ result: true });
  expect(await decide(server, 'alice')).toMatchObject({ result: false });
});
