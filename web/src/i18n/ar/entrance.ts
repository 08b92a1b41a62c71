import type { Texts } from '../language.js';
import { plural } from './plural.js';

export const entrance: Texts['entrance'] = {
  yourName: 'اسمك',
  namePlaceholder: 'كما يراك الآخرون',
  enterTitle: 'من يستمع؟',
  enterHint: 'يكفي الاسم، ولا حاجة إلى حساب.',
  enter: 'متابعة',
  hello: (name) => `أهلًا، ${name}`,
  helloGuest: 'أنت ضيف على هذا الجهاز. سجّل لتحتفظ بغرفك وأصواتك.',

  createTitle: 'افتح غرفة',
  createRoom: 'إنشاء الغرفة',
  roomName: 'اسم الغرفة',
  roomNamePlaceholder: 'سهرة الجمعة',
  visibility: 'من يمكنه الدخول',
  public: 'الجميع',
  private: 'بدعوة فقط',

  publicRooms: 'الغرف',
  noRooms: 'لا توجد غرفة مفتوحة. افتح الأولى.',
  roomsNeedName: 'أدخل اسمك لترى الغرف المفتوحة.',
  roomsOffline: 'انقطع الاتصال. قد تكون هذه القائمة قديمة.',
  roomsUnreachable: 'تعذّر تحميل الغرف حتى الآن. نحاول مرة أخرى…',
  privateRoom: 'بدعوة',
  yourRoom: 'غرفتك',
  people: (count) =>
    count === 0
      ? 'لا أحد هنا'
      : plural(count, { one: 'شخص واحد', two: 'شخصان', few: '# أشخاص', many: '# شخصًا', other: '# شخص' }),

  listen: 'استمع',
  invited: 'أنت مدعو إلى',
  room: 'غرفة',
  aRoom: 'غرفة',
  nowPlaying: 'يُشغَّل الآن',
  nothingPlays: 'لا شيء يُشغَّل بعد',
  nobodyHere: 'لا أحد هنا بعد. كن الأول.',
  peopleHere: (names, others) =>
    others > 0
      ? `هنا الآن: ${names} و${plural(others, { one: 'شخص آخر', two: 'شخصان آخران', few: '# آخرون', other: '# آخرين' })}`
      : `هنا الآن: ${names}`,
  joinAs: (name) => `ستدخل باسم ${name}.`,
  joining: 'جارٍ الدخول…',
  joiningSlowly:
    'يستغرق هذا أطول من المعتاد. ربما يُعاد تشغيل الخادم، أو لديك صفحات كثيرة مفتوحة في هذه الغرفة. نحاول مرة أخرى…',
  retrying: (when) => `المحاولة التالية ${when}.`,
  tryNow: 'حاول الآن',

  leftTitle: (room) => `غادرت ${room}`,
  leftText: 'يمكنك العودة متى شئت.',
  kickedTitle: (room) => `لم تعد في ${room}`,
  kickedText: 'أُخرجت من الغرفة، أو غادرتها على جهاز آخر. يمكنك الدخول مرة أخرى.',
  bannedTitle: (room) => `لا يمكنك دخول ${room}`,
  bannedText: 'مدير الغرفة لا يسمح لك بالدخول.',
  deletedTitle: (room) => `${room}: أُغلقت الغرفة`,
  deletedText: 'حُذفت الغرفة، أو هي خاصة وأُخرجت منها.',
  signedOutTitle: 'لقد سُجّل خروجك',
  signedOutText: 'سُجّل خروجك في صفحة أخرى، أو انتهت مدة دخولك.',
  outdatedTitle: 'هذه الصفحة قديمة',
  outdatedText: 'الخادم أحدث من هذه الصفحة. أعد تحميلها للمتابعة.',
  noRoomTitle: 'لا توجد هذه الغرفة',
  noRoomText: 'قد يكون الرابط خاطئًا، أو حُذفت الغرفة، أو هي خاصة وتحتاج إلى دعوة.',
  noInviteTitle: 'لم تعد هذه الدعوة صالحة',
  noInviteText: 'انتهت صلاحيتها أو استُنفدت أو أُلغيت. اطلب رابطًا جديدًا.',
  faultTitle: 'في هذه الصفحة مشكلة',
  faultText: 'تعذّر تحميل جزء منها أو عرضه. أعد تحميلها للمتابعة.',
  partUnreachable: 'تعذّر تحميل هذا الجزء من الصفحة: لا يمكن الوصول إلى الخادم.',
  partFailed: 'تعذّر تحميل هذا الجزء من الصفحة أو عرضه. إن لم تُفد المحاولة مرة أخرى فأعد تحميل الصفحة.',
  comeBack: 'العودة',
  enterAgain: 'ادخل مرة أخرى',
  reload: 'إعادة التحميل',
  theRoom: 'الغرفة',

  notFoundTitle: 'هذه الصفحة غير موجودة',
  notFoundText: 'قد يكون الرابط غير كامل.',
};
