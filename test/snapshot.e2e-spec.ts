import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Envelope, RoomState, Track } from '../src/contract/index.js';
import { historyLength } from '../src/contract/index.js';
import { RoomStateService } from '../src/room-state/room-state.service.js';
import { expectValid } from './support/answers.js';
import { guest, type Person, roomOf, stateOf } from './support/api.js';
import { wav } from './support/audio.js';
import { describeOnEachDatabase } from './support/each-database.js';
import { listen, type ListenerOptions } from './support/listener.js';

describeOnEachDatabase((on) => {
  let url: string;
  let ada: Person;
  let bob: Person;
  let roomId: string;
  beforeEach(async () => {
    ({ url } = on.server());
    [ada, bob] = [await guest(url, 'ada'), await guest(url, 'bob')];
    roomId = (await roomOf(ada, [bob])).id;
  });

  const add = async (name: string): Promise<Track> =>
    (await ada.upload(roomId, wav(30, name.charCodeAt(0) * 10), `${name}.wav`)).body.track;
  const vote = (who: Person, { id }: Track) => who.post(`/tracks/${id}/vote`);
  const skip = () => ada.post(`/rooms/${roomId}/playback/skip`);
  async function connect(who: Person, options?: ListenerOptions) {
    const listener = await listen(url, who, roomId, options);
    listener.close();
    expectValid(listener.events);
    return listener.events[0] as Envelope<'connection_established'>;
  }

  describe('my_votes', () => {
    it('are the tracks in the state that the user of the connection has voted for', async () => {
      const [a, b, c] = [await add('a'), await add('b'), await add('c')];
      for (const track of [a, c]) await vote(ada, track);
      for (const track of [b, c]) await vote(bob, track);
      const elsewhere = await roomOf(ada);
      const other = (await ada.upload(elsewhere.id, wav(1), 'other.wav')).body.track;
      await vote(ada, other);
      const [hers, his] = await Promise.all([connect(ada), connect(bob)]);
      expect([...hers.data.my_votes].sort()).toEqual([a.id, c.id].sort());
      expect([...his.data.my_votes].sort()).toEqual([b.id, c.id].sort());
      await ada.delete(`/tracks/${c.id}/vote`);
      expect((await connect(ada)).data.my_votes).toEqual([a.id]);
      // The track that was played last is in the history.
      await skip();
      expect((await connect(ada)).data.my_votes).toEqual([a.id]);
    });

    it('are sent to a client that resumes without the state', async () => {
      const track = await add('a');
      await vote(bob, track);
      const { sequence, epoch } = (await connect(bob)).data;
      const { data } = await connect(bob, { afterSequence: sequence, epoch, state: 'when_needed' });
      expect(data).toMatchObject({ resumed: true, room: null, my_votes: [track.id] });
    });

    it('are read for each user, while users who connect together share the state', async () => {
      const [a, b] = [await add('a'), await add('b')];
      await vote(ada, a);
      await vote(bob, b);
      const service = on.server().app.get(RoomStateService, { strict: false });
      const request = { after: undefined, epoch: undefined, state: 'always' } as const;
      const hers = await service.stateOnConnect(ada.user, roomId, request);
      const his = await service.stateOnConnect(bob.user, roomId, request);
      // The same object, which is encoded once.
      expect(hers.room).toBe(his.room);
      expect([hers.votes, his.votes]).toEqual([[a.id], [b.id]]);
    });

    it('are not in events that others receive', async () => {
      const track = await add('a');
      const listener = await listen(url, bob, roomId);
      await vote(ada, track);
      const voted = await listener.next('track_voted');
      expect(JSON.stringify(voted)).not.toMatch(/my_votes|user_has_voted/);
      listener.close();
    });
  });

  describe('the history in the state', () => {
    it(`has the last ${historyLength} played tracks, newest first, as the list of tracks has them`, async () => {
      const count = historyLength + 3;
      for (let index = 0; index < count; index += 1) await add(String.fromCharCode(97 + index));
      for (let index = 0; index < count - 1; index += 1) await skip();
      const played = (await bob.get(`/rooms/${roomId}/tracks?status=played`)).body.tracks;
      expect(played).toHaveLength(count - 1);
      const { room } = await stateOf(bob, roomId);
      expect(room.history).toEqual(played.slice(0, historyLength));
      expect(room.history[0]!.title).toBe(String.fromCharCode(97 + count - 2));
      const established = (await connect(bob)).data.room as RoomState;
      expect(established.history).toEqual(room.history);
    });

    it('is what a client gets that applies the events', async () => {
      for (const name of ['a', 'b', 'c']) await add(name);
      const listener = await listen(url, bob, roomId);
      const { room } = listener.ofType('connection_established')[0]!.data;
      const history = [...room!.history];
      await skip();
      await ada.post(`/rooms/${roomId}/playback/start`, {
        track_id: (await stateOf(ada, roomId)).room.queue[0]!.id,
      });
      const skipped = await listener.next('track_skipped');
      history.unshift(skipped.data.previous_track);
      const started = await listener.next('playback_started');
      history.unshift({ ...skipped.data.track!, status: 'played' });
      expect(started.data.track.title).toBe('c');
      expect((await stateOf(bob, roomId)).room.history).toEqual(history);
      listener.close();
    });
  });
});
