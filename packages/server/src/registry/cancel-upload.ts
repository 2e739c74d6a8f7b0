import type { UploadIdentity } from './commands.ts';
import { type Actor, commandOptions, type RegistryPorts } from './registry-ports.ts';
import { findUploadState } from './upload-state.ts';

/** Ends an upload and gives its bytes back (OCI end-14); its token is good for nothing afterwards. @throws upload_unknown */
export async function cancelUpload(
  ports: Pick<RegistryPorts, 'reader' | 'bus' | 'liveHashes' | 'newId' | 'now'>,
  actor: Actor,
  upload: UploadIdentity,
): Promise<void> {
  await findUploadState(ports, upload);
  await ports.bus.execute('cancelUpload', upload, commandOptions(ports, actor));
  ports.liveHashes.drop(upload.blob);
}
