// An OpenID provider that signs everybody in at once. Arguments: port, account, redirect URI, file of its keys, name of the
// key that signs, names of keys that are shown besides.
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Provider } from 'oidc-provider';

const [port, account, redirect, file, ...kids] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const kept = existsSync(file) ? JSON.parse(readFileSync(file)) : {};
for (const kid of kids) kept[kid] ??= generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
writeFileSync(file, JSON.stringify(kept));
const provider = new Provider(issuer, {
  jwks: { keys: kids.map((kid) => ({ ...kept[kid], kid, use: 'sig', alg: 'RS256' })) },
  clients: [
    { client_id: 'ephor', client_secret: 'a secret/of+ours', redirect_uris: [redirect], grant_types: ['authorization_code'], response_types: ['code'] },
    { client_id: 'svc', client_secret: 'secret', redirect_uris: [], grant_types: ['client_credentials'], response_types: [] },
  ],
  cookies: { keys: ['test'] },
  conformIdTokenClaims: false,
  acrValues: ['gold'],
  claims: { openid: ['sub', 'acr', 'amr', 'auth_time'], email: ['email', 'email_verified'] },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  extraTokenClaims: async () => ({ amr: ['mfa'], acrs: ['c1'], oid: '00000000-0000-0000-0000-000000000001', roles: ['Ephor.Admin'], scp: 'Ephor.Admin Pam.Use' }),
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true, defaultResource: () => 'api://ephor', useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: 'api', audience: 'api://ephor', accessTokenTTL: 3600, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } }),
    },
  },
  ttl: { AccessToken: 3600, IdToken: 3600, Grant: 3600, Session: 3600, Interaction: 3600, ClientCredentials: 3600 },
  findAccount: async (ctx, id) => ({ accountId: id, claims: async () => ({ sub: id, email: `${id}@corp.test`, email_verified: true }) }),
  loadExistingGrant: async (ctx) => {
    const grant = new provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope('openid email');
    grant.addResourceScope('api://ephor', 'api');
    await grant.save();
    return grant;
  },
});
provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) return next();
  await provider.interactionDetails(ctx.req, ctx.res);
  ctx.respond = false;
  await provider.interactionFinished(ctx.req, ctx.res, { login: { accountId: account, amr: ['hwk'], acr: 'gold' } });
});
provider.listen(+port, '127.0.0.1');
