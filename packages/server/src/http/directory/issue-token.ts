import { isKnownAudience } from '../../identity/audiences.ts';
import type { ClientLogin } from '../../identity/client-login.ts';
import type { Directory } from '../../identity/directory.ts';
import { DirectoryError } from '../../identity/directory-error.ts';
import type { DirectoryTokens } from '../../identity/directory-token.ts';
import { toGuid } from '../../identity/guid.ts';
import type { RefreshTokens } from '../../identity/refresh-tokens.ts';
import type { UserLogin } from '../../identity/user-login.ts';
import { limits } from '../../limits.ts';
import type { DirectoryPrincipalRow, TenantRow } from '../../registry/access-reader.ts';
import type { Admission } from '../admission.ts';
import { parseClientRequest } from './client-request.ts';
import { tokenEndpoints } from './discovery.ts';
import { parseSignInRequest, type SignInRequest } from './sign-in-request.ts';
import { requiredParameter } from './token-parameters.ts';

export interface TokenIssuing {
  readonly directory: Pick<Directory, 'applicationById'>;
  readonly clientLogin: ClientLogin;
  readonly userLogin: UserLogin;
  readonly refreshTokens: RefreshTokens;
  readonly directoryTokens: DirectoryTokens;
}

/** What came to a token endpoint. */
export interface TokenAsked {
  readonly form: URLSearchParams;
  readonly authorization: string | undefined;
  readonly admission: Admission;
  readonly tenant: TenantRow;
}

type TokenAnswer = Readonly<Record<string, unknown>>;

/** The answer of the token endpoint, whichever way the client proves itself. Throws DirectoryError. */
export async function issueToken(asked: TokenAsked, issuing: TokenIssuing): Promise<TokenAnswer> {
  const grantType = requiredParameter(asked.form, 'grant_type');
  switch (grantType) {
    case 'client_credentials':
      return issueToApplication(asked, issuing);
    case 'password':
    case 'refresh_token':
      return issueToUser(parseSignInRequest(asked.form, grantType), asked, issuing);
    default: {
      const shown = grantType.slice(0, 64);
      const message = `The app requested an unsupported grant type '${shown}': there are client_credentials, password and refresh_token.`;
      throw new DirectoryError('unsupported_grant_type', 70003, message);
    }
  }
}

async function issueToApplication(
  { form, authorization, admission, tenant }: TokenAsked,
  { clientLogin, directoryTokens }: TokenIssuing,
): Promise<TokenAnswer> {
  const { baseUrl: origin, clientAddress } = admission;
  const asked = parseClientRequest(form, authorization);
  refuseUnknownAudience(asked.audience, admission, tenant);
  const audiences = tokenEndpoints(origin, tenant);
  const principal = await clientLogin(asked, { tenant, clientAddress, audiences });
  const token = await directoryTokens.issue({ origin, principal, audience: asked.audience });
  return accessToken(token);
}

async function issueToUser(
  request: SignInRequest,
  { admission, tenant }: TokenAsked,
  issuing: TokenIssuing,
): Promise<TokenAnswer> {
  const { clientId: client, audience, scope } = request;
  refuseUnknownAudience(audience, admission, tenant);
  await refuseConfidentialClient(client, issuing);
  const { user, refreshToken } = await userOf(request, { admission, tenant }, issuing);
  const { baseUrl: origin } = admission;
  const { directoryTokens } = issuing;
  const token = await directoryTokens.issue({ origin, principal: user, audience, client });
  const idToken = request.wantsIdToken ? await directoryTokens.idToken({ origin, user, client }) : undefined;
  return {
    ...accessToken(token),
    scope,
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    ...(idToken === undefined ? {} : { id_token: idToken }),
    ...(request.wantsClientInfo ? { client_info: clientInfo(user) } : {}),
  };
}

async function userOf(
  { grant, clientId, wantsRefreshToken }: SignInRequest,
  { admission, tenant }: Pick<TokenAsked, 'admission' | 'tenant'>,
  { userLogin, refreshTokens }: TokenIssuing,
): Promise<{ readonly user: DirectoryPrincipalRow; readonly refreshToken: string | undefined }> {
  const place = { ...admission, tenant };
  if (grant.kind === 'refresh') {
    const { user, token } = await refreshTokens.use(grant.refreshToken, clientId, place);
    return { user, refreshToken: token };
  }
  const signedIn = await userLogin(grant, place);
  const refreshToken = wantsRefreshToken ? await refreshTokens.begin(signedIn, clientId, place) : undefined;
  return { user: signedIn.user, refreshToken };
}

/** A program of the directory's own has secrets; that it is the one that asks could be said by anybody. */
async function refuseConfidentialClient(client: string, { directory }: TokenIssuing): Promise<void> {
  if ((await directory.applicationById(client)) === undefined) return;
  const message =
    'A service principal or a managed identity is no program that users sign in to: use the client id of a public client, such as that of the Azure CLI.';
  throw new DirectoryError('invalid_client', 7000218, message);
}

function refuseUnknownAudience(audience: string, { baseUrl }: Admission, tenant: TenantRow): void {
  if (isKnownAudience(audience, baseUrl)) return;
  const message = `The resource principal named ${audience.slice(0, 128)} was not found in the tenant named ${tenant.name}. Registries are https://containerregistry.azure.net.`;
  throw new DirectoryError('invalid_resource', 500011, message);
}

function accessToken(token: string): TokenAnswer {
  const expiresIn = limits.directoryTokenSeconds - 1;
  return { token_type: 'Bearer', expires_in: expiresIn, ext_expires_in: expiresIn, access_token: token };
}

/** The account's ids, in the form that MSAL reads. */
function clientInfo({ id, tenant }: DirectoryPrincipalRow): string {
  return Buffer.from(JSON.stringify({ uid: toGuid(id), utid: toGuid(tenant) })).toString('base64url');
}
