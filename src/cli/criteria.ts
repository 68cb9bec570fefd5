/**
 * The criteria options of `free` and `verify`, as the daemon's HTTP parameters. Durations go as people write them; the daemon
 * knows the bounds and the configured values.
 */
export interface CriteriaOptions {
  readonly quietFor?: string | undefined;
  readonly minSweeps?: number | undefined;
  readonly maxGap?: string | undefined;
  readonly minCoverage?: number | undefined;
  /** Otherwise as configured. */
  readonly ignoreDhcpSpans?: boolean | undefined;
}

export type Parameters = Readonly<Record<string, string | number>>;

/** Only what was asked for: the daemon's own values hold for the rest. */
export function given(values: Readonly<Record<string, string | number | undefined>>): Parameters {
  const parameters: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(values)) if (value !== undefined) parameters[name] = value;
  return parameters;
}

export const criteriaParameters = (options: CriteriaOptions): Parameters => {
  const { quietFor, minSweeps, maxGap, minCoverage, ignoreDhcpSpans } = options;
  return given({ quietFor, minSweeps, maxGap, minCoverage, dhcpSpans: ignoreDhcpSpans === true ? 'ignore' : undefined });
};
