/** Says at the end of `npm test` what it left out, and the one command that runs it. */
export default class LeftOutReporter {
  onTestRunEnd(): void {
    process.stdout.write(
      [
        '',
        'Not run here, since it needs servers or programs of others: the stores on PostgreSQL; the OCI conformance suite;',
        'docker, containerd, podman, buildah, skopeo, crane, oras, regctl, helm, opa, az; the container image; faults and',
        'races under load; the benchmark. One command installs them by package name and runs all of it:  npm run test:all',
        '',
      ].join('\n'),
    );
  }
}
