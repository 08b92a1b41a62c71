import { type Kysely, type Migration, type MigrationProvider, sql } from 'kysely';
import { skeletonsOf } from '../names/skeleton.js';
import { storage } from './migrations/004-storage.js';
import { epochs } from './migrations/005-epochs.js';
import { history } from './migrations/006-history.js';
import { idempotencyKeys } from './migrations/007-idempotency-keys.js';
import { roomAdministrators } from './migrations/008-room-administrators.js';
import { sessionUsers } from './migrations/009-session-users.js';
import { analysis } from './migrations/010-analysis.js';
import { roomSettings } from './migrations/011-room-settings.js';
import { userBans } from './migrations/012-user-bans.js';

/* A migration runs on the schema of its time, which `Schema` does not describe, so migrations use an untyped database. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
type AnyDatabase = Kysely<any>;

const time = sql`double precision`;

const first: Migration = {
  async up(db: AnyDatabase) {
    const { schema } = db;
    await schema
      .createTable('users')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('username', 'text', (c) => c.notNull())
      .addColumn('username_key', 'text', (c) => c.unique())
      .addColumn('password_hash', 'text')
      .addColumn('created_at', time, (c) => c.notNull())
      .execute();
    await schema
      .createTable('sessions')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('user_id', 'text', (c) => c.notNull().references('users.id').onDelete('cascade'))
      .addColumn('expires_at', time, (c) => c.notNull())
      .addColumn('revoked_at', time)
      .execute();
    await schema.createIndex('sessions_expires_at').on('sessions').column('expires_at').execute();
    await schema
      .createTable('rooms')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('visibility', 'text', (c) => c.notNull())
      .addColumn('administrator_id', 'text', (c) => c.references('users.id'))
      .addColumn('playback_control', 'text', (c) => c.notNull())
      .addColumn('upload', 'text', (c) => c.notNull())
      .addColumn('vote', 'text', (c) => c.notNull())
      .addColumn('sequence', 'integer', (c) => c.notNull().defaultTo(0))
      .addColumn('created_at', time, (c) => c.notNull())
      .execute();
    const inRoom = (table: string) =>
      schema
        .createTable(table)
        .addColumn('room_id', 'text', (c) => c.notNull().references('rooms.id').onDelete('cascade'));
    const ofUser = (table: string) =>
      inRoom(table).addColumn('user_id', 'text', (c) =>
        c.notNull().references('users.id').onDelete('cascade'),
      );
    await ofUser('participants')
      .addColumn('joined_at', time, (c) => c.notNull())
      .addPrimaryKeyConstraint('participants_key', ['room_id', 'user_id'])
      .execute();
    await schema.createIndex('participants_user_id').on('participants').column('user_id').execute();
    await ofUser('bans')
      .addColumn('created_at', time, (c) => c.notNull())
      .addPrimaryKeyConstraint('bans_key', ['room_id', 'user_id'])
      .execute();
    await inRoom('invites')
      .addColumn('code', 'text', (c) => c.primaryKey())
      .addColumn('created_by', 'text', (c) => c.notNull().references('users.id'))
      .addColumn('expires_at', time, (c) => c.notNull())
      .execute();
    await schema.createIndex('invites_room_id').on('invites').column('room_id').execute();
    await schema
      .createTable('nodes')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('seen_at', time, (c) => c.notNull())
      .execute();
    await ofUser('connections')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('node_id', 'text', (c) => c.notNull())
      .execute();
    await schema
      .createIndex('connections_room_user')
      .on('connections')
      .columns(['room_id', 'user_id'])
      .execute();
    await schema.createIndex('connections_node_id').on('connections').column('node_id').execute();
    await inRoom('tracks')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('uploader_id', 'text', (c) => c.notNull().references('users.id'))
      .addColumn('sha256', 'text', (c) => c.notNull())
      .addColumn('title', 'text', (c) => c.notNull())
      .addColumn('artist', 'text')
      .addColumn('album', 'text')
      .addColumn('original_name', 'text', (c) => c.notNull())
      .addColumn('duration', time, (c) => c.notNull())
      .addColumn('mime_type', 'text', (c) => c.notNull())
      .addColumn('size_bytes', 'bigint', (c) => c.notNull())
      .addColumn('cover_sha256', 'text')
      .addColumn('cover_mime_type', 'text')
      .addColumn('vote_score', 'integer', (c) => c.notNull().defaultTo(0))
      .addColumn('status', 'text', (c) => c.notNull())
      .addColumn('placed_position', 'integer')
      .addColumn('created_at', time, (c) => c.notNull())
      .addColumn('played_at', time)
      .execute();
    await schema.createIndex('tracks_room_status').on('tracks').columns(['room_id', 'status']).execute();
    await schema.createIndex('tracks_sha256').on('tracks').column('sha256').execute();
    await schema.createIndex('tracks_cover_sha256').on('tracks').column('cover_sha256').execute();
    await schema
      .createTable('votes')
      .addColumn('track_id', 'text', (c) => c.notNull().references('tracks.id').onDelete('cascade'))
      .addColumn('user_id', 'text', (c) => c.notNull().references('users.id').onDelete('cascade'))
      .addColumn('created_at', time, (c) => c.notNull())
      .addPrimaryKeyConstraint('votes_key', ['track_id', 'user_id'])
      .execute();
    await schema
      .createTable('playback')
      .addColumn('room_id', 'text', (c) => c.primaryKey().references('rooms.id').onDelete('cascade'))
      .addColumn('status', 'text', (c) => c.notNull())
      .addColumn('track_id', 'text')
      .addColumn('position', time, (c) => c.notNull())
      .addColumn('started_at', time)
      .addColumn('ends_at', time)
      .addColumn('version', 'integer', (c) => c.notNull())
      .execute();
    await schema.createIndex('playback_ends_at').on('playback').column('ends_at').execute();
    await inRoom('events')
      .addColumn('sequence', 'integer', (c) => c.notNull())
      .addColumn('event_id', 'text', (c) => c.notNull())
      .addColumn('type', 'text', (c) => c.notNull())
      .addColumn('created_at', time, (c) => c.notNull())
      .addColumn('data', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('events_key', ['room_id', 'sequence'])
      .execute();
    await schema.createIndex('events_event_id').on('events').column('event_id').execute();
  },
};

const deliveries: Migration = {
  async up(db: AnyDatabase) {
    await db.schema
      .createTable('deliveries')
      .addColumn('room_id', 'text', (c) => c.notNull())
      .addColumn('sequence', 'integer', (c) => c.notNull())
      .addColumn('node_id', 'text', (c) => c.notNull())
      .addColumn('summary', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('deliveries_key', ['room_id', 'sequence', 'node_id'])
      .addForeignKeyConstraint(
        'deliveries_event',
        ['room_id', 'sequence'],
        'events',
        ['room_id', 'sequence'],
        (c) => c.onDelete('cascade'),
      )
      .execute();
  },
};

/** The validity of every invite created before this migration, which adds `created_at`. */
const formerInviteSeconds = 7 * 24 * 3600;
const usersPerBatch = 200;

const accounts: Migration = {
  async up(db: AnyDatabase) {
    const { schema } = db;
    await schema
      .createTable('username_skeletons')
      .addColumn('skeleton', 'text', (c) => c.primaryKey())
      .addColumn('user_id', 'text', (c) => c.notNull().references('users.id').onDelete('cascade'))
      .execute();
    await schema
      .createIndex('username_skeletons_user_id')
      .on('username_skeletons')
      .column('user_id')
      .execute();
    // Users whose registered names already look alike keep them; the oldest user gets the skeleton.
    await claimSkeletons(db);
    await schema
      .alterTable('invites')
      .addColumn('created_at', time, (c) => c.notNull().defaultTo(0))
      .execute();
    await db
      .updateTable('invites')
      .set((of) => ({ created_at: of('expires_at', '-', formerInviteSeconds) }))
      .execute();
    await schema.alterTable('invites').addColumn('max_uses', 'integer').execute();
    await schema
      .alterTable('invites')
      .addColumn('uses', 'integer', (c) => c.notNull().defaultTo(0))
      .execute();
  },
};

/** Assigns skeletons to registered users, oldest first: ids (UUID version 7) are ordered by time. */
async function claimSkeletons(db: AnyDatabase): Promise<void> {
  let after = '';
  for (;;) {
    const users = (await db
      .selectFrom('users')
      .select(['id', 'username'])
      .where('username_key', 'is not', null)
      .where('id', '>', after)
      .orderBy('id')
      .limit(usersPerBatch)
      .execute()) as { id: string; username: string }[];
    if (users.length === 0) return;
    await db
      .insertInto('username_skeletons')
      .values(
        users.flatMap(({ id, username }) =>
          skeletonsOf(username).map((skeleton) => ({ skeleton, user_id: id })),
        ),
      )
      .onConflict((conflict) => conflict.column('skeleton').doNothing())
      .execute();
    after = users.at(-1)!.id;
  }
}

/** All migrations, in the order of their names. An applied one must not change. */
export const migrations: MigrationProvider = {
  getMigrations: () =>
    Promise.resolve({
      '001_first': first,
      '002_deliveries': deliveries,
      '003_accounts': accounts,
      '004_storage': storage,
      '005_epochs': epochs,
      '006_history': history,
      '007_idempotency_keys': idempotencyKeys,
      '008_room_administrators': roomAdministrators,
      '009_session_users': sessionUsers,
      '010_analysis': analysis,
      '011_room_settings': roomSettings,
      '012_user_bans': userBans,
    }),
};
