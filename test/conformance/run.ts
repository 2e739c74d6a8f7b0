/** Runs the OCI conformance suite: `node bin/run.mjs test/conformance/run.ts [VITEST ARGUMENT…]`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { installTools } from '../tools/install-tools.ts';
import { projectFolder } from '../tools/start-cerulean.ts';

await installTools(['conformance'], (line) => process.stdout.write(`${line}\n`));
const vitest = join(projectFolder, 'node_modules', 'vitest', 'vitest.mjs');
const args = [vitest, 'run', '--config', 'test/conformance/vitest.config.ts', ...process.argv.slice(2)];
const child = spawn(process.execPath, args, { cwd: projectFolder, stdio: 'inherit' });
const [code] = await once(child, 'exit');
process.exitCode = typeof code === 'number' ? code : 1;
