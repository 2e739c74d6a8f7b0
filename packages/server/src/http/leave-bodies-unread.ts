import type { FastifyInstance } from 'fastify';

/** Bodies stay unread until a handler asks for them, as a stream, or within the time and the size that it allows. */
export function leaveBodiesUnread(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null));
}
