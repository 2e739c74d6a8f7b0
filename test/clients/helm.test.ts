import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ClientProgram, clientProgram } from './client-program.ts';
import { expectSameBytes } from './expect-image.ts';
import { getBlob, getManifest, listTags, registry, sha256 } from './test-registry.ts';

async function loggedIn(): Promise<ClientProgram> {
  const helm = clientProgram('helm');
  const password = ['--plain-http', '--username', registry.user, '--password-stdin'];
  await helm.run(['registry', 'login', registry.host, ...password], { input: registry.password });
  return helm;
}

/** Makes a chart with helm's own template, packs it and pushes it; returns the package's bytes. */
async function pushedChart(helm: ClientProgram, name: string, version: string): Promise<Buffer> {
  await helm.run(['create', name]);
  await helm.run(['package', name, '--version', version]);
  const file = `${name}-${version}.tgz`;
  await helm.run(['push', '--plain-http', file, `oci://${registry.host}/clients/helm`]);
  return readFile(join(helm.folder, file));
}

test('helm pushes a chart and pulls it, and every byte comes back', async () => {
  const helm = await loggedIn();
  const chart = await pushedChart(helm, 'pushed', '1.2.3');
  await mkdir(join(helm.folder, 'out'));
  const source = [`oci://${registry.host}/clients/helm/pushed`, '--version', '1.2.3'];
  await helm.run(['pull', '--plain-http', ...source, '--destination', 'out']);
  expectSameBytes(await readFile(join(helm.folder, 'out', 'pushed-1.2.3.tgz')), chart);
  expectSameBytes(await getBlob('clients/helm/pushed', sha256(chart)), chart);
  const manifest: unknown = JSON.parse((await getManifest('clients/helm/pushed', '1.2.3')).bytes.toString());
  expect(manifest).toMatchObject({
    config: { mediaType: 'application/vnd.cncf.helm.config.v1+json' },
    layers: [{ mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', digest: sha256(chart) }],
  });
});

test('helm shows a chart that lies in the registry', async () => {
  const helm = await loggedIn();
  await pushedChart(helm, 'shown', '0.9.0');
  const source = [`oci://${registry.host}/clients/helm/shown`, '--version', '0.9.0'];
  const { stdout } = await helm.run(['show', 'chart', '--plain-http', ...source]);
  expect(stdout).toMatch(/^name: shown$/m);
  expect(stdout).toMatch(/^version: 0\.9\.0$/m);
});

test('helm chooses the newest version of a chart that fits a range', async () => {
  const helm = await loggedIn();
  for (const version of ['1.0.0', '1.4.0', '2.0.0']) await pushedChart(helm, 'ranged', version);
  expect(await listTags('clients/helm/ranged')).toEqual(['1.0.0', '1.4.0', '2.0.0']);
  const source = [`oci://${registry.host}/clients/helm/ranged`, '--version', '^1.0.0'];
  const { stdout } = await helm.run(['show', 'chart', '--plain-http', ...source]);
  expect(stdout).toMatch(/^version: 1\.4\.0$/m);
});

test('helm renders a chart straight from the registry', async () => {
  const helm = await loggedIn();
  await pushedChart(helm, 'rendered', '1.0.0');
  const source = [`oci://${registry.host}/clients/helm/rendered`, '--version', '1.0.0'];
  const { stdout } = await helm.run(['template', 'release', '--plain-http', ...source]);
  expect(stdout).toContain('kind: Deployment');
});
