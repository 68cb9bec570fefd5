/** Who may log in: users by the names of their kubeconfigs, and the tokens they do it with. */
import { randomBytes } from 'node:crypto';
import { USER_NAMES, type User } from './rbac.ts';

export interface Users {
  /** The same one every time. */
  tokenFor(account: string): string;
  userOf(token: string): { readonly account: string; readonly user: User } | null;
  /** As RBAC knows the user of a kubeconfig. */
  userNamed(account: string): User;
  setTokenValid(account: string, valid: boolean): void;
}

export function createUsers(): Users {
  const tokens = new Map<string, string>();
  const refused = new Set(['expired']);
  const userNamed = (account: string): User => {
    const name = USER_NAMES[account] ?? account;
    const [, , namespace] = name.startsWith('system:serviceaccount:') ? name.split(':') : [];
    const accounts = namespace === undefined ? [] : ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
    return { name, groups: [...(account === 'admin' ? ['system:masters'] : []), ...accounts, 'system:authenticated'] };
  };
  return {
    tokenFor(account) {
      const token = tokens.get(account) ?? `token-of-${account.replaceAll(':', '-')}-${randomBytes(12).toString('hex')}`;
      tokens.set(account, token);
      return token;
    },
    userOf(token) {
      const account = [...tokens].find(([, one]) => one === token)?.[0];
      return account === undefined || refused.has(account) ? null : { account, user: userNamed(account) };
    },
    userNamed,
    setTokenValid(account, valid) {
      if (valid) refused.delete(account);
      else refused.add(account);
    },
  };
}
