import { expect, it } from '@jest/globals';
import type { Static } from 'typebox';
import type * as server from '../../src/contract/index.js';
import type * as client from '../src/contract.js';

/*
 * The client library's types are generated from the schemas of the contract, the server's are inferred from them by
 * typebox. The compiler checks here that both came to the same.
 */
type Immutable<T> = T extends object ? { readonly [K in keyof T]: Immutable<T[K]> } : T;
type IsSame<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
type Differences<A, B> = {
  [K in keyof A | keyof B]: K extends keyof A & keyof B
    ? IsSame<Immutable<A[K]>, B[K]> extends true
      ? never
      : K
    : K;
}[keyof A | keyof B];

interface ServerTypes {
  User: server.User;
  Participant: server.Participant;
  Track: server.Track;
  Playback: server.Playback;
  RoomSettings: server.RoomSettings;
  Room: server.Room;
  RoomSummary: server.RoomSummary;
  RoomState: server.RoomState;
  Invite: server.Invite;
  Metadata: server.Metadata;
  SyncStatus: server.SyncStatus;
  ErrorCode: server.ErrorCode;
  EventType: server.EventType;
}
interface ClientTypes {
  User: client.User;
  Participant: client.Participant;
  Track: client.Track;
  Playback: client.Playback;
  RoomSettings: client.RoomSettings;
  Room: client.Room;
  RoomSummary: client.RoomSummary;
  RoomState: client.RoomState;
  Invite: client.Invite;
  Metadata: client.Metadata;
  SyncStatus: client.SyncStatus;
  ErrorCode: client.ErrorCode;
  EventType: client.EventType;
}
type ServerEvents = { [T in server.EventType]: server.Envelope<T> };
type ClientEvents = { [T in client.EventType]: client.Envelope<T> };
type ServerAnswers = {
  [M in server.SocketMessage]: Static<(typeof server.socketMessages)[M]['answer']>;
};
type RestTypes = {
  SignedIn: client.SignedIn;
  RoomList: client.RoomList;
  TrackAnswer: client.TrackAnswer;
  QueueAnswer: client.QueueAnswer;
  PlaybackAnswer: client.PlaybackAnswer;
  MediaTokenAnswer: client.MediaTokenAnswer;
};
type ServerRest = { [N in keyof RestTypes]: Static<(typeof server.rest)[N]> };

/** Does not compile if a type differs: `Different` is the union of the names of those that do. */
const sameTypes = <Different extends never>(...different: Different[]): void => {
  expect(different).toEqual([]);
};

it('the generated types are those of the contract', () => {
  sameTypes<Differences<ServerTypes, ClientTypes>>();
  sameTypes<Differences<ServerEvents, ClientEvents>>();
  sameTypes<Differences<Omit<ServerAnswers, 'replay'>, Omit<client.MessageAnswers, 'replay'>>>();
  sameTypes<Differences<ServerRest, RestTypes>>();
});
