// What the TypeScript SDKs leave to the program that uses them: where credentials are kept, and
// how a person is asked.
import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** Has the person answer an authorization request. Returns the redirect URI with the response. */
export async function answer(person, url) {
  const response = await fetch(person, { method: "POST", body: String(url) });
  const text = await response.text();
  if (!response.ok) throw new Error(`the person could not answer: ${text}`);
  return new URL(text);
}

/** An OAuthClientProvider whose credentials are in a file, and outlive the process. */
export class Credentials {
  redirectUrl = "http://127.0.0.1:33418/callback";
  clientMetadata = {
    client_name: "TypeScript SDK",
    redirect_uris: [this.redirectUrl],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
  };
  /** The response to the last authorization request, once there was one. */
  response;
  #file;
  #person;
  #kept;

  constructor(file, person) {
    this.#file = file;
    this.#person = person;
    this.#kept = existsSync(file) ? JSON.parse(readFileSync(file)) : {};
  }

  #keep(changes) {
    Object.assign(this.#kept, changes);
    writeFileSync(this.#file, JSON.stringify(this.#kept));
  }

  state() {
    this.#keep({ state: crypto.randomUUID() });
    return this.#kept.state;
  }

  clientInformation() {
    return this.#kept.client;
  }

  saveClientInformation(client) {
    this.#keep({ client });
  }

  tokens() {
    return this.#kept.tokens;
  }

  saveTokens(tokens) {
    this.#keep({ tokens });
  }

  codeVerifier() {
    return this.#kept.verifier;
  }

  saveCodeVerifier(verifier) {
    this.#keep({ verifier });
  }

  discoveryState() {
    return this.#kept.discovery;
  }

  saveDiscoveryState(discovery) {
    this.#keep({ discovery });
  }

  invalidateCredentials(what) {
    const parts = { all: ["client", "tokens", "verifier", "discovery"] }[what] ?? [what];
    this.#keep(Object.fromEntries(parts.map((part) => [part, undefined])));
  }

  async redirectToAuthorization(url) {
    const landed = await answer(this.#person, url);
    this.response = landed.searchParams;
    if (this.response.get("state") !== this.#kept.state) throw new Error("not our state");
  }
}
