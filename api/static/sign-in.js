/**
 * Sign-in with an OpenID Connect issuer: authorization code with PKCE.
 *
 * Tokens are in the memory of this module only. When the page is loaded anew it goes to the issuer and back, which
 * asks nothing as long as the user is signed in there.
 */

import * as oauth from "./vendor/oauth.js";
import { ROUND_TRIP_KEY, SIGNED_IN_KEY, forgetTexts } from "./auth.js";
import { el, openModal } from "./dom.js";
import { textOf } from "./texts.js";

/** @typedef {import("../contract.js").SignInOptions} SignInOptions */
/** @typedef {{state: string, nonce: string, verifier: string, returnTo: string}} RoundTrip `returnTo`: path and hash */

/** Milliseconds before a token expires from which on it is renewed first. */
const EARLY = 30_000;

/** Milliseconds within which a renewed token is not renewed again: the server rejects even new ones. */
const COOLDOWN = 10_000;

/** Whom this browser last signed in: their drafts are not for another user. */
const USER_KEY = "frontdesk.user";

/** The only address that the issuer has to know. */
const redirectUri = `${location.origin}/`;

/** What a user is signed in with. */
export class Session {
  /**
   * @param {Issuer} issuer
   * @param {oauth.TokenEndpointResponse} tokens
   */
  constructor(issuer, tokens) {
    this.issuer = issuer;
    this.access = "";
    this.expires = this.renewed = 0;
    /** @type {string | undefined} */
    this.refresh = undefined;
    /** @type {string | undefined} */
    this.identity = undefined;
    /** @type {Promise<boolean> | null} */
    this.renewing = null;
    this.keep(tokens);
  }

  /** The access token, renewed if it is about to expire. */
  async token() {
    if (this.refresh && Date.now() > this.expires - EARLY) await this.renew();
    return this.access;
  }

  /** Renew the access token; false: the user has to sign in again. Calls at the same time share one request. */
  renew() {
    if (!this.refresh || Date.now() < this.renewed + COOLDOWN) return Promise.resolve(false);
    this.renewing ??= this.issuer.renew(this.refresh).then(
      (tokens) => { this.keep(tokens); return true; },
      (error) => {
        if (error instanceof oauth.ResponseBodyError) this.refresh = undefined; // refused, and not merely out of reach
        return false;
      },
    ).finally(() => { this.renewing = null; });
    return this.renewing;
  }

  /** Where to sign out from the issuer; null: it has no such address. */
  signOutUrl() {
    return this.issuer.signOutUrl(this.identity);
  }

  /** @param {oauth.TokenEndpointResponse} tokens */
  keep(tokens) {
    this.access = tokens.access_token;
    this.renewed = Date.now();
    this.expires = tokens.expires_in === undefined ? Infinity : Date.now() + 1000 * tokens.expires_in;
    this.refresh = tokens.refresh_token ?? this.refresh; // a rotated one replaces the one before
    this.identity = tokens.id_token ?? this.identity;
  }
}

/** An OpenID Connect issuer, as its discovery document describes it. */
class Issuer {
  /**
   * @param {oauth.AuthorizationServer} server
   * @param {SignInOptions} options
   */
  constructor(server, options) {
    this.server = server;
    this.options = options;
    this.client = { client_id: options.client_id ?? "" };
    this.http = overHttp(options);
  }

  /** @param {SignInOptions} options */
  static async discover(options) {
    const url = new URL(options.issuer ?? "");
    const response = await oauth.discoveryRequest(url, overHttp(options));
    return new Issuer(await oauth.processDiscoveryResponse(url, response), options);
  }

  /** @param {RoundTrip} trip */
  async signInUrl({ state, nonce, verifier }) {
    const url = new URL(this.server.authorization_endpoint ?? "");
    const parameters = {
      response_type: "code", ...this.client, redirect_uri: redirectUri, scope: this.options.scope ?? "openid", state, nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    if (this.options.audience) url.searchParams.set("audience", this.options.audience); // Auth0 needs it for a token that we can verify
    return url.href;
  }

  /**
   * Exchange what came back for tokens.
   * @param {URL} returned
   * @param {RoundTrip} trip
   */
  async signIn(returned, { state, nonce, verifier }) {
    const parameters = oauth.validateAuthResponse(this.server, this.client, returned, state);
    const response = await oauth.authorizationCodeGrantRequest(this.server, this.client, oauth.None(), parameters, redirectUri, verifier, this.http);
    return oauth.processAuthorizationCodeResponse(this.server, this.client, response, { expectedNonce: nonce, requireIdToken: true });
  }

  /** @param {string} refresh */
  async renew(refresh) {
    const response = await oauth.refreshTokenGrantRequest(this.server, this.client, oauth.None(), refresh, this.http);
    return oauth.processRefreshTokenResponse(this.server, this.client, response);
  }

  /** @param {string | undefined} identity the last id token */
  signOutUrl(identity) {
    if (!this.server.end_session_endpoint) return null;
    const url = new URL(this.server.end_session_endpoint);
    url.searchParams.set("client_id", this.client.client_id);
    url.searchParams.set("post_logout_redirect_uri", redirectUri);
    if (identity) url.searchParams.set("id_token_hint", identity);
    return url.href;
  }
}

/**
 * Leave for the issuer; at once if this tab was signed in before, else once the user wants it. Never returns.
 * @param {SignInOptions} options
 * @param {string} reason why the user has to sign in again; empty: they have not signed in yet
 * @returns {Promise<never>}
 */
export async function begin(options, reason) {
  let problem = reason;
  let ask = reason !== "" || !sessionStorage.getItem(SIGNED_IN_KEY);
  for (;;) {
    if (ask) await askToSignIn(problem);
    try {
      const trip = {
        state: oauth.generateRandomState(), nonce: oauth.generateRandomNonce(), verifier: oauth.generateRandomCodeVerifier(),
        returnTo: location.pathname + location.hash,
      };
      const url = await (await Issuer.discover(options)).signInUrl(trip);
      sessionStorage.setItem(ROUND_TRIP_KEY, JSON.stringify(trip));
      location.assign(url);
      return await new Promise(() => {}); // the page is being left
    } catch (error) {
      console.info(error);
      problem = textOf("signInUnavailable");
      ask = true;
    }
  }
}

/**
 * Take what the issuer sent the browser back with.
 * @param {SignInOptions} options
 * @returns {Promise<Session>}
 * @throws {Error} nobody was signed in; the message says why
 */
export async function finish(options) {
  /** @type {RoundTrip} */
  const trip = JSON.parse(sessionStorage.getItem(ROUND_TRIP_KEY) ?? "null");
  const returned = new URL(location.href);
  if (!trip.returnTo.startsWith(`${location.pathname}#`) && trip.returnTo !== location.pathname) {
    const [path, hash = ""] = trip.returnTo.split("#");
    location.replace(`${path}${location.search}#${hash}`); // another page of ours: the tokens are for its memory
    return new Promise(() => {});
  }
  sessionStorage.removeItem(ROUND_TRIP_KEY);
  sessionStorage.removeItem(SIGNED_IN_KEY);
  history.replaceState(null, "", trip.returnTo); // a code holds once
  try {
    const issuer = await Issuer.discover(options);
    const tokens = await issuer.signIn(returned, trip);
    sessionStorage.setItem(SIGNED_IN_KEY, "yes");
    noteUser(oauth.getValidatedIdTokenClaims(tokens)?.sub ?? "");
    return new Session(issuer, tokens);
  } catch (error) {
    console.info(error);
    const denied = error instanceof oauth.AuthorizationResponseError && error.error === "access_denied";
    throw new Error(textOf(denied ? "signInDenied" : "signInFailed"), { cause: error });
  }
}

/** @param {string} user */
function noteUser(user) {
  const last = localStorage.getItem(USER_KEY);
  if (last !== null && last !== user) forgetTexts();
  localStorage.setItem(USER_KEY, user);
}

/**
 * Open the dialog until the user wants to sign in.
 * @param {string} problem
 */
async function askToSignIn(problem) {
  const dialog = el("dialog", { id: "sign-in", "aria-labelledby": "sign-in-title" }, el("form", { method: "dialog" },
    el("h2", { id: "sign-in-title" }, textOf("signIn")),
    problem && el("p.error-text", { role: "alert" }, problem),
    el("p.small", {}, textOf("signInNote")),
    el("footer", {}, el("button", { value: "yes", autofocus: true }, textOf("signIn")))));
  document.body.append(dialog);
  while (await openModal(dialog) !== "yes");
  dialog.remove();
}

/** @param {SignInOptions} options plain HTTP is for an issuer on this machine */
function overHttp({ issuer }) {
  return { [oauth.allowInsecureRequests]: new URL(issuer ?? "").protocol === "http:" };
}
