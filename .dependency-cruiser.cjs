/**
 * Who may import whom. Each folder of src/ is a part; what a part offers to the others is named here, the rest
 * of it is its own.
 */
const features = '^src/(rooms|tracks|playback|room-state)/';
const composition = '^src/(main|server|app\\.module)\\.ts$';
/** By its name, and where that leads if the library has been built. */
const clientLibrary = '^(@roomcast/client(/|$)|client/dist/)';
/** The counters that events and deliveries are counted in: the part of metrics/ that is below them. */
const counters = '^src/metrics/(statistics|histogram)\\.ts$';

/** Others may import only these files of a part. */
const offers = (part, files) => ({
  name: `${part}-offers`,
  comment: `Of ${part}/ the others may import only ${files.join(', ')}.`,
  severity: 'error',
  from: { path: '^src/', pathNot: [`^src/${part}/`, composition] },
  to: { path: `^src/${part}/`, pathNot: `^src/${part}/(${files.join('|').replaceAll('.', '\\.')})\\.ts$` },
});

module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      comment:
        'Parts and files depend on a third one, or on events, never on each other. Two classes of one file pair may name each other as types.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'contract-alone',
      comment: 'The contract is what crosses the wire: it imports nothing of ours and no framework.',
      severity: 'error',
      from: { path: '^src/contract/', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: ['^src/contract/', '^node_modules/typebox/'] },
    },
    {
      name: 'web-knows-the-client-library',
      comment:
        'The page is a client like any other: it imports what the client library exports, with its types of what crosses the wire, and nothing of the server.',
      severity: 'error',
      from: { path: '^web/src/' },
      to: {
        pathNot: ['^web/src/', clientLibrary, '^(web/)?node_modules/'],
      },
    },
    {
      name: 'page-alone',
      comment: 'The page is files with headers: serving them needs nothing of the API.',
      severity: 'error',
      from: { path: '^src/page/' },
      to: { path: '^src/', pathNot: '^src/page/' },
    },
    {
      name: 'page-on-top',
      comment: 'Only the composition of the server knows the page.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/page/', composition] },
      to: { path: '^src/page/' },
    },
    {
      name: 'client-alone',
      comment:
        'The client library is published by itself: it imports nothing of the server, and one package. Its types of what crosses the wire are generated from the contract.',
      severity: 'error',
      from: { path: '^client/src/', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: ['^client/src/', '^node_modules/socket\\.io-client/'] },
    },
    {
      name: 'player-knows-a-room-as-an-interface',
      comment: 'The player is an entry of its own: what it needs of a room is declared in player-room.ts.',
      severity: 'error',
      from: { path: '^client/src/player/' },
      to: { path: '^client/src/', pathNot: '^client/src/player/' },
    },
    {
      name: 'config-errors-and-names-first',
      comment:
        'Settings, clock, errors and the rules for names are there for everyone, so they build on nothing but the contract.',
      severity: 'error',
      from: { path: '^src/(config|errors|names)/' },
      to: { path: '^src/', pathNot: '^src/(config|errors|names|contract|lifecycle)/' },
    },
    {
      name: 'lifecycle-first',
      comment: 'Starting, stopping and batching are for everyone, so they build on nothing of ours.',
      severity: 'error',
      from: { path: '^src/lifecycle/' },
      to: { path: '^src/', pathNot: '^src/lifecycle/' },
    },
    {
      name: 'processes-alone',
      comment: 'Running a file of the build in another process needs nothing of what it does.',
      severity: 'error',
      from: { path: '^src/processes/' },
      to: { path: '^src/', pathNot: '^src/processes/' },
    },
    {
      name: 'limits-below-features',
      comment:
        'Limits that REST and sockets share are counted by keys; they know nothing of what is limited.',
      severity: 'error',
      from: { path: '^src/limits/' },
      to: { path: '^src/', pathNot: '^src/(limits|config|contract|errors|lifecycle)/' },
    },
    {
      name: 'database-below',
      comment: 'The database knows tables, not what is done with them.',
      severity: 'error',
      from: { path: '^src/database/' },
      to: { path: '^src/', pathNot: '^src/(database|config|contract|errors|names|lifecycle)/' },
    },
    {
      name: 'counters-below-events',
      comment:
        'Counting is for everyone who has something to count, so the counters know the contract alone.',
      severity: 'error',
      from: { path: counters },
      to: { path: '^src/', pathNot: [counters, '^src/contract/'] },
    },
    {
      name: 'events-below-features',
      comment:
        'The broadcaster, the log and the bus know no feature, no gateway, and not how events are delivered.',
      severity: 'error',
      from: { path: '^src/events/' },
      to: {
        path: '^src/',
        pathNot: ['^src/(events|idempotency|database|config|contract|errors|lifecycle)/', counters],
      },
    },
    {
      name: 'idempotency-below-events',
      comment:
        'Answers of commands are kept in the transactions of the commands; it does not matter here what they change.',
      severity: 'error',
      from: { path: '^src/idempotency/' },
      to: { path: '^src/', pathNot: '^src/(idempotency|database|config|contract|errors|lifecycle)/' },
    },
    {
      name: 'bus-below-broadcaster',
      comment: 'A bus carries events between nodes; of the rest of events/ it needs the types alone.',
      severity: 'error',
      from: { path: '^src/events/bus/' },
      to: {
        path: '^src/events/',
        pathNot: '^src/events/bus/',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'cluster-below-features',
      comment:
        'Which nodes run is for features to build on. What a dead node left is removed by the feature that owns it.',
      severity: 'error',
      from: { path: '^src/cluster/' },
      to: { path: '^src/', pathNot: '^src/(cluster|events|database|config|contract|errors|lifecycle)/' },
    },
    {
      name: 'delivery-below-gateway',
      comment:
        'Delivery decides what each connection is sent and when; it knows no feature, and sockets only as an interface.',
      severity: 'error',
      from: { path: '^src/delivery/' },
      to: {
        path: '^src/',
        pathNot: ['^src/(delivery|events|database|auth|cluster|config|contract|errors|lifecycle)/', counters],
      },
    },
    {
      name: 'auth-below-features',
      comment: 'Who is asking is settled before any feature comes in.',
      severity: 'error',
      from: { path: '^src/auth/' },
      to: {
        path: '^src/',
        pathNot: '^src/(auth|events|database|limits|processes|config|contract|errors|names|lifecycle)/',
      },
    },
    {
      name: 'features-never-up',
      comment:
        'A feature never touches a socket, nor what is delivered over it, nor the operations around it.',
      severity: 'error',
      from: { path: features },
      to: {
        path: '^src/',
        pathNot: [
          features,
          '^src/(events|idempotency|cluster|database|auth|limits|processes|config|contract|errors|names|lifecycle)/',
        ],
      },
    },
    {
      name: 'rooms-know-no-other-feature',
      comment: 'Tracks and playback know rooms; rooms answer them through events.',
      severity: 'error',
      from: { path: '^src/rooms/' },
      to: { path: '^src/(tracks|playback|room-state)/' },
    },
    {
      name: 'tracks-know-rooms-alone',
      comment: 'Playback knows tracks; tracks know nothing of playback.',
      severity: 'error',
      from: { path: '^src/tracks/' },
      to: { path: '^src/(playback|room-state)/' },
    },
    {
      name: 'playback-not-the-whole',
      comment: 'A room’s whole state is put together above the features.',
      severity: 'error',
      from: { path: '^src/playback/' },
      to: { path: '^src/room-state/' },
    },
    offers('rooms', [
      'operator-rooms',
      'rooms.module',
      'room-access',
      'rooms.reader',
      'invites.service',
      'presence/(presence.service|listener-counts|listener-reports)',
    ]),
    offers('tracks', [
      'tracks.module',
      'queue.service',
      'track-view',
      'storage/(storage-health|storage-use)',
    ]),
    offers('playback', ['playback.module', 'playback-store', 'skip-votes', 'skip-vote.service']),
    offers('room-state', ['room-state.module', 'room-state.service']),
    {
      name: 'gateway-without-tables',
      comment: 'The gateway reads the log and asks the features; it never touches a table.',
      severity: 'error',
      from: { path: '^src/gateway/' },
      to: { path: '^src/database/', pathNot: '^src/database/database\\.ts$' },
    },
    {
      name: 'transport-below-gateway',
      comment:
        'A transport reads and writes one socket: it implements the interface of delivery/ and knows no feature.',
      severity: 'error',
      from: { path: '^src/gateway/transport/' },
      to: {
        path: '^src/',
        pathNot: [
          '^src/(gateway/transport|delivery|config|contract|errors)/',
          '^src/gateway/(packet-guard|socket-data)\\.ts$',
          counters,
        ],
      },
    },
    {
      name: 'metrics-on-top',
      comment:
        'What is counted is shown by routes, which ask features and deliveries; only the composition of operations knows them.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/(metrics|operations|operator)/', composition] },
      to: { path: '^src/metrics/', pathNot: counters },
    },
    {
      name: 'operator-on-top',
      comment: 'What the operator sees is read from all features; none of them knows that there is one.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/operator/', composition] },
      to: { path: '^src/operator/' },
    },
    {
      name: 'gateway-on-top',
      comment: 'Only the composition of the server knows the gateway, and operations, which watch it.',
      severity: 'error',
      from: { path: '^(src|client|web)/', pathNot: ['^src/gateway/', '^src/operations/', composition] },
      to: { path: '^src/gateway/' },
    },
    {
      name: 'composition-on-top',
      comment: 'Nothing imports what puts everything together.',
      severity: 'error',
      from: { path: '^src/', pathNot: composition },
      to: { path: composition },
    },
    {
      name: 'tests-are-not-imported',
      comment: 'What runs imports nothing that only tests need.',
      severity: 'error',
      from: { path: '^(src|client|web)/', pathNot: '\\.spec\\.ts$' },
      to: { path: ['^test/', '\\.spec\\.ts$'] },
    },
    {
      name: 'declared-packages',
      comment: 'What runs imports packages that package.json lists as dependencies.',
      severity: 'error',
      from: { path: '^(src|web/src)/', pathNot: '\\.(spec\\.tsx?|d\\.ts)$' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'resolvable',
      comment: 'Every import leads somewhere; that of the client library, once it has been built.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: clientLibrary },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^client/dist/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
