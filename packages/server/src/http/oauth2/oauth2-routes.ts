/**
 * The token endpoints as ACR has them (`AccessTokens_Get`, `AccessTokens_GetFromLogin`, `RefreshTokens_GetFromExchange`).
 *
 * Invariants. A token is for the host's registry and for no other. Its `access` is what was asked, reduced to what the
 * caller may do; an empty one is an answer too. No answer is kept by anybody on the way.
 */
import { formatBearerChallenge } from '@cerulean/oci/challenge.ts';
import type { FastifyPluginCallback } from 'fastify';
import { type Caller, mayLogIn } from '../../access/authorise.ts';
import { grantScopes } from '../../access/grant-scopes.ts';
import { isRefusal, RegistryError } from '../../errors.ts';
import type { Authenticator } from '../../identity/authenticate.ts';
import type { Directory } from '../../identity/directory.ts';
import { claimsAsOfNow } from '../../identity/repository-claims.ts';
import { audienceOf, type TokenIssuer } from '../../identity/token-issuer.ts';
import type { Admission, RouteRequirement } from '../admission.ts';
import { answerFailures } from '../answer-failures.ts';
import { ChallengeError } from '../challenge-error.ts';
import { admissionOf, type Exchange, exchangeOf } from '../exchange.ts';
import { hostName } from '../hosts.ts';
import { leaveBodiesUnread } from '../leave-bodies-unread.ts';
import { readForm } from '../read-form.ts';
import { respond } from '../respond.ts';
import { oauthFailure } from './errors.ts';
import { type ExchangeRequest, parseExchangeForm } from './exchange-request.ts';
import { parseTokenForm, parseTokenQuery, type TokenRequest } from './token-request.ts';

export interface Oauth2Dependencies {
  readonly authenticator: Authenticator;
  readonly tokenIssuer: TokenIssuer;
  readonly directory: Pick<Directory, 'repositoryDeletedAt'>;
}

const route: RouteRequirement = { operation: 'oauth2.token', requires: { kind: 'host' } };
const exchangeRoute: RouteRequirement = { operation: 'oauth2.exchange', requires: { kind: 'host' } };
const answerHeaders = {
  'Content-Type': 'application/json; charset=utf-8',
  'Cache-Control': 'no-store',
  Pragma: 'no-cache',
};

/** Makes the plugin with `GET` and `POST /oauth2/token` and `POST /oauth2/exchange`. */
export function createOauth2Routes(dependencies: Oauth2Dependencies): FastifyPluginCallback {
  return (app, _options, done) => {
    leaveBodiesUnread(app);
    answerFailures(app, (error) => {
      const { headers, body, ...failure } = oauthFailure(error);
      return { ...failure, headers: { ...answerHeaders, ...headers }, body: JSON.stringify(body) };
    });
    app.get('/oauth2/token', { config: route, exposeHeadRoute: false }, async (request, reply) => {
      const exchange = exchangeOf(request.raw);
      const asked = parseTokenQuery(exchange.url.query, request.headers.authorization);
      const token = await issue(asked, admissionOf(exchange), dependencies);
      reply.hijack();
      answer(exchange, token);
    });
    app.post('/oauth2/token', { config: route }, async (request, reply) => {
      const exchange = exchangeOf(request.raw);
      const asked = parseTokenForm(await readForm(exchange), request.headers.authorization);
      const token = await issue(asked, admissionOf(exchange), dependencies);
      reply.hijack();
      answer(exchange, token);
    });
    app.post('/oauth2/exchange', { config: exchangeRoute }, async (request, reply) => {
      const exchange = exchangeOf(request.raw);
      const asked = parseExchangeForm(await readForm(exchange));
      const refreshToken = await exchangeToken(asked, admissionOf(exchange), dependencies);
      reply.hijack();
      const body = JSON.stringify({ refresh_token: refreshToken });
      respond(exchange, { status: 200, headers: answerHeaders, body });
    });
    done();
  };
}

/** A token of the directory or of a trusted issuer for one of this registry, which lasts longer and opens nothing else. */
async function exchangeToken(
  request: ExchangeRequest,
  admission: Admission,
  { authenticator, tokenIssuer }: Oauth2Dependencies,
): Promise<string> {
  refuseOtherService(request.service, admission);
  const redeem = () => authenticator.redeemIdentityToken(request.token, admission);
  const { principal } = await challenging(admission, redeem);
  const tenant = 'tenant' in principal ? principal.tenant : undefined;
  if (request.tenant !== undefined && request.tenant !== tenant)
    throw new RegistryError('bad_request', 'The token is of another tenant than the request says.');
  return tokenIssuer.refreshToken(audienceOf(admission), principal.id, tenant);
}

/**
 * `token` is what docker's older clients read. There is never a refresh token here, also when `offline_token` asks for
 * one: docker would keep it in the place of the password, its login would end after three hours, and podman 4 refuses
 * a file with such an entry.
 */
function answer(exchange: Exchange, token: string): void {
  const body = JSON.stringify({ access_token: token, token });
  respond(exchange, { status: 200, headers: answerHeaders, body });
}

async function issue(
  request: TokenRequest,
  admission: Admission,
  { authenticator, tokenIssuer, directory }: Oauth2Dependencies,
): Promise<string> {
  const { registry } = admission;
  refuseOtherService(request.service, admission);
  const caller = await callerOf(request, admission, authenticator);
  const granted = grantScopes(caller, request.scopes, registry.settings);
  const access = await claimsAsOfNow(granted, registry.id, directory.repositoryDeletedAt);
  return tokenIssuer.accessToken(audienceOf(admission), caller.principal.id, access);
}

async function callerOf(
  { credentials }: TokenRequest,
  admission: Admission,
  authenticator: Authenticator,
): Promise<Caller> {
  return challenging(admission, async () => {
    if (credentials.scheme === 'refresh') return authenticator.redeem(credentials.refreshToken, admission);
    if (credentials.scheme === 'bearer')
      throw new RegistryError('unauthorized', 'Log in with Basic here, not Bearer.');
    const { caller } = await authenticator.authenticate(credentials, admission);
    const decision = mayLogIn(caller.principal, admission.registry.settings);
    if (!decision.allowed)
      throw new RegistryError('unauthorized', `Authentication required: ${decision.reason}.`);
    return caller;
  });
}

/** Every refusal of a login becomes a challenge. */
async function challenging(admission: Admission, logIn: () => Promise<Caller>): Promise<Caller> {
  try {
    return await logIn();
  } catch (error) {
    if (!isRefusal(error, 'unauthorized')) throw error;
    const realm = `${admission.baseUrl}/oauth2/token`;
    const challenge = formatBearerChallenge({ realm, service: admission.loginServer });
    throw new ChallengeError({ code: 'unauthorized', message: error.message, needed: [], challenge });
  }
}

/** A client that asks for another registry's token would get one that is worth nothing there; it is told at once. */
function refuseOtherService(service: string | undefined, admission: Admission): void {
  if (service === undefined) return;
  const name = hostName(service);
  if (name !== undefined && (name === admission.loginServer || name === hostName(admission.host))) return;
  const message = `The service of this registry is ${admission.loginServer}; tokens for another are issued by its own host.`;
  throw new RegistryError('bad_request', message);
}
