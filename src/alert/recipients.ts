/**
 * Who has still to be given a mail. Of several recipients a server may take some, put others off (4xx) and refuse the rest (5xx): only
 * those that were put off are tried again. In memory: after a restart all of them get the mail again.
 */

/** Mails that are under way at a time; of the oldest beyond it is forgotten who has it. */
const MAX_MAILS = 1000;

interface Progress {
  readonly left: readonly string[];
  /** Somebody has it. */
  readonly taken: boolean;
}

export interface Refusal {
  readonly recipient: string;
  /** SMTP reply code; NaN where there is none. */
  readonly status: number;
}

export interface Verdict {
  /** To be tried again, alone. */
  readonly left: readonly string[];
  /** Refused for good by this try, while others were not. */
  readonly lost: number;
}

export class Recipients {
  readonly #all: readonly string[];
  readonly #mails = new Map<string, Progress>();

  constructor(all: readonly string[]) {
    this.#all = all;
  }

  of(mail: string): readonly string[] {
    return this.#mails.get(mail)?.left ?? this.#all;
  }

  /**
   * What became of one try for `of(mail)`. Where nobody was ever taken and nobody put off, all are left: whatever makes a server refuse
   * everybody (relaying, a login) can be mended.
   * @param taken somebody was given it now
   */
  note(mail: string, taken: boolean, refusals: readonly Refusal[]): Verdict {
    const had = this.#mails.get(mail)?.taken === true || taken;
    const isLost = ({ status }: Refusal): boolean => status >= 500;
    const putOff = refusals.filter((refusal) => !isLost(refusal)).map(({ recipient }) => recipient);
    const lost = refusals.length - putOff.length;
    this.#mails.delete(mail);
    if (putOff.length === 0 && !had) return { left: this.#all, lost: 0 };
    if (putOff.length === 0) return { left: [], lost };
    this.#mails.set(mail, { left: putOff, taken: had });
    if (this.#mails.size > MAX_MAILS) {
      const oldest = this.#mails.keys().next();
      if (oldest.done !== true) this.#mails.delete(oldest.value);
    }
    return { left: putOff, lost };
  }
}
