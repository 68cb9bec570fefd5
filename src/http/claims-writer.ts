/** Writes claims down through a running daemon. */
import type { ClaimEnding, ClaimJson, ClaimsWriter, NewClaimJson } from './claim-service.ts';
import type { HttpClient } from './client.ts';

export const daemonClaims = (client: HttpClient): ClaimsWriter => ({
  begin: (draft: NewClaimJson) => client.post<ClaimJson>('/claims', { ...draft }),
  end: (id: number, ending: ClaimEnding) => client.post<ClaimJson>(`/claims/${id}`, { ...ending }),
});
