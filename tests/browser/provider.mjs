// An OpenID provider by others, with people whom it lets in with any password, and their groups.
//   node provider.mjs   prints its issuer, and serves the client whose callback URL it is sent as a line
import { once } from "node:events";
import { createServer } from "node:http";
import { argv, stdin } from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import Provider from "oidc-provider";

/** The secret of the client, as the environment of specs/profiles/team-session.toml has it. */
export const SECRET = "a-secret-of-the-connector";
const GROUPS = { ada: ["studio", "office"], grace: ["studio"], eve: [] };

/** Starts the provider. It has another host than the server, so that browsers keep them apart. */
export async function startProvider() {
  let handle;
  const listener = createServer((request, response) => handle(request, response));
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  // A test that fails before it stops the provider does not hold its suite up.
  listener.unref();
  const issuer = `http://localhost:${listener.address().port}`;
  return {
    issuer,
    /** Registers the server, exactly as it prints its callback URL. */
    register(callback) {
      const oidc = new Provider(issuer, {
        clients: [
          {
            client_id: "connector",
            client_secret: SECRET,
            redirect_uris: [callback],
            grant_types: ["authorization_code"],
            response_types: ["code"],
          },
        ],
        conformIdTokenClaims: false,
        claims: { openid: ["sub"], profile: ["name"], email: ["email", "email_verified"], groups: ["groups"] },
        scopes: ["openid", "profile", "email", "groups"],
        pkce: { required: () => true },
        cookies: { keys: ["a key of this test"] },
        findAccount: (_, id) => ({
          accountId: id,
          claims: () => ({
            sub: id,
            name: id,
            email: `${id}@example.com`,
            email_verified: true,
            groups: GROUPS[id],
          }),
        }),
      });
      handle = oidc.callback();
    },
    stop: () => listener.close(),
  };
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const provider = await startProvider();
  console.log(provider.issuer);
  createInterface({ input: stdin })
    .on("line", (callback) => provider.register(callback))
    .on("close", () => process.exit());
}
