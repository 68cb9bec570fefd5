/**
 * One operation of the API as a value: its path, what it takes, what it answers, and what does it. app.ts serves it and
 * openapi.ts describes it, so the two cannot differ.
 */
import type { z } from 'zod';
import { readBody, readQuery } from './input.ts';
import { NO_PARAMETERS } from './parameters.ts';
import type { FreeholdService } from './service.ts';

export interface Reply {
  readonly status: number;
  /** Goes out as JSON. */
  readonly body: unknown;
}

export interface Answer {
  readonly description: string;
  readonly schema: z.ZodType;
}

/** What the wire brought, not looked at yet. */
export interface RawInput {
  /** What follows the `?`. */
  readonly search: string;
  readonly body: unknown;
  /** The last step of the path, where the path ends in a parameter. */
  readonly pathValue: string;
}

export interface Operation {
  readonly method: 'get' | 'post';
  /** As OpenAPI writes it: `/addresses/{ip}`. At most one parameter, at the end. */
  readonly path: string;
  readonly summary: string;
  /** Answers without a token, too. */
  readonly open: boolean;
  readonly query: z.ZodObject;
  readonly body: z.ZodObject | null;
  /** By status. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** @throws FreeholdError for what the asker did wrong. */
  run(input: RawInput, service: FreeholdService): Promise<Reply>;
}

interface GetSpec<Query extends z.ZodObject> extends Omit<Operation, 'method' | 'open' | 'body' | 'run' | 'query'> {
  readonly open?: boolean;
  readonly query: Query;
  reply(service: FreeholdService, query: z.output<Query>, pathValue: string): Reply;
}

export const getOperation = <Query extends z.ZodObject>(spec: GetSpec<Query>): Operation => ({
  method: 'get',
  path: spec.path,
  summary: spec.summary,
  open: spec.open ?? false,
  query: spec.query,
  body: null,
  answers: spec.answers,
  run: async (input, service) => spec.reply(service, readQuery(spec.query, input.search), input.pathValue),
});

interface PostSpec<Body extends z.ZodObject> extends Omit<Operation, 'method' | 'open' | 'query' | 'run' | 'body'> {
  readonly body: Body;
  reply(service: FreeholdService, body: z.output<Body>): Promise<Reply>;
}

/** A body takes everything: a parameter in the URL is refused. */
export const postOperation = <Body extends z.ZodObject>(spec: PostSpec<Body>): Operation => ({
  method: 'post',
  path: spec.path,
  summary: spec.summary,
  open: false,
  query: NO_PARAMETERS,
  body: spec.body,
  answers: spec.answers,
  run: async (input, service) => {
    readQuery(NO_PARAMETERS, input.search);
    return spec.reply(service, readBody(spec.body, input.body));
  },
});
