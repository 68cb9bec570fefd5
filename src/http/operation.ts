/**
 * One operation of the API as a value: its path, what it takes, what it answers, and what does it. app.ts serves it and
 * openapi.ts describes it, so the two cannot differ.
 */
import type { z } from 'zod';
import type { EventsWanted } from './event-streams.ts';
import { readBody, readQuery } from './input.ts';
import { NO_PARAMETERS } from './parameters.ts';
import type { FreeholdService } from './service.ts';

/** One document, plain text, or a stream of events that ends when one of the two ends leaves. */
export type Reply = DocumentReply | TextReply | EventsReply;

export interface DocumentReply {
  readonly status: number;
  /** Goes out as JSON. */
  readonly body: unknown;
}

export interface TextReply {
  readonly status: number;
  /** With its parameters, as it goes out. */
  readonly contentType: string;
  readonly text: string;
}

export interface EventsReply {
  readonly events: EventsWanted;
}

export interface Answer {
  readonly description: string;
  /** Default: JSON. */
  readonly contentType?: 'application/json' | 'text/event-stream' | 'text/plain';
  readonly schema: z.ZodType;
}

/** What the wire brought, not looked at yet. */
export interface RawInput {
  /** What follows the `?`. */
  readonly search: string;
  readonly body: unknown;
  readonly place: PlaceInput;
}

/** What the wire brought outside of query and body, not looked at yet. */
export interface PlaceInput {
  /** The step of the path that is a parameter; empty where none is. */
  readonly pathValue: string;
  /** The header Last-Event-ID. */
  readonly lastEventId: string | undefined;
}

/** A header that means something to the operation. */
export interface HeaderParameter {
  readonly name: string;
  readonly description: string;
}

export interface Operation {
  readonly method: 'get' | 'post';
  /** As OpenAPI writes it: `/addresses/{ip}`. At most one parameter. */
  readonly path: string;
  /** Of the parameter in the path, as JSON Schema. */
  readonly pathSchema?: Readonly<Record<string, unknown>>;
  readonly headers?: readonly HeaderParameter[];
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
  reply(service: FreeholdService, query: z.output<Query>, place: PlaceInput): Reply;
}

export const getOperation = <Query extends z.ZodObject>(spec: GetSpec<Query>): Operation => ({
  ...spec,
  method: 'get',
  open: spec.open ?? false,
  body: null,
  run: async (input, service) => spec.reply(service, readQuery(spec.query, input.search), input.place),
});

interface PostSpec<Body extends z.ZodObject> extends Omit<Operation, 'method' | 'open' | 'query' | 'run' | 'body'> {
  readonly body: Body;
  reply(service: FreeholdService, body: z.output<Body>, place: PlaceInput): Promise<Reply>;
}

/** A body takes everything: a parameter in the URL is refused. */
export const postOperation = <Body extends z.ZodObject>(spec: PostSpec<Body>): Operation => ({
  ...spec,
  method: 'post',
  open: false,
  query: NO_PARAMETERS,
  run: async (input, service) => {
    readQuery(NO_PARAMETERS, input.search);
    return spec.reply(service, readBody(spec.body, input.body), input.place);
  },
});
