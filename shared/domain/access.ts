/**
 * Whether somebody stands in front of the doors who says who comes. `entra`: the platform's Easy Auth with Entra is
 * on, so the principal header is its own. `local`: a made-up tenant on this machine. `nobody`: the header is anybody's.
 */
export type AuthMode =
  | { readonly kind: 'entra' }
  | { readonly kind: 'local' }
  | { readonly kind: 'nobody'; readonly why: string };
