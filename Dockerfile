# docker build -t cerulean .
# docker run --name cerulean -p 127.0.0.1:5000:5000 -v cerulean-data:/data -v cerulean-keys:/keys cerulean
# docker exec cerulean node bin/run.mjs packages/cli/src/main.ts credentials show cerulean
# docker stop --time 40 cerulean     (running pushes have 30 seconds to finish)
#
# BASE: any image with Node 26 and npm.
ARG BASE=node:26.10.0-slim
FROM ${BASE}

WORKDIR /app

# The manifests alone, so that a change of the source does not install everything again. The optional packages are
# the Node that comes along for machines with an older one; the base image has it.
COPY package.json package-lock.json .npmrc ./
COPY packages/oci/package.json packages/oci/
COPY packages/server/package.json packages/server/
COPY packages/cli/package.json packages/cli/
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force

COPY LICENSE ./
COPY bin bin
COPY packages packages

# A number, so that an orchestrator can see that it is not root. New volumes take over owner and mode.
RUN mkdir -p /data /keys && chown 10001:10001 /data /keys && chmod 0700 /data /keys
USER 10001:10001

# /keys is no VOLUME on purpose: an anonymous one would be taken silently and lost with `docker run --rm`, and
# everything stored with it. Without a volume there, the server refuses to make the root key and says so.
VOLUME /data
ENV NODE_ENV=production \
    CERULEAN_CONTAINER=1 \
    CERULEAN_DATA=/data \
    CERULEAN_ROOT_KEY=/keys/root.key

EXPOSE 5000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["node", "bin/healthcheck.mjs"]

ENTRYPOINT ["node", "bin/run.mjs", "packages/server/src/main.ts"]
CMD ["--host", "0.0.0.0", "--tls", "auto"]
