import type { Texts } from '../language.js';
import { plural } from './plural.js';

export const common: Texts['common'] = {
  appName: 'Roomcast',
  tagline: 'استمعوا إلى الموسيقى معًا، في اللحظة نفسها.',
  cancel: 'إلغاء',
  close: 'إغلاق',
  tryAgain: 'حاول مرة أخرى',
  loading: 'جارٍ التحميل…',
  backToRooms: 'كل الغرف',
  language: 'اللغة',
  colorScheme: 'الألوان',
  light: 'فاتح',
  dark: 'داكن',
  system: 'حسب الجهاز',
  listeners: (count) =>
    plural(count, {
      zero: 'لا أحد هنا',
      one: 'شخص واحد هنا',
      two: 'شخصان هنا',
      few: '# أشخاص هنا',
      many: '# شخصًا هنا',
      other: '# شخص هنا',
    }),
  inSeconds: (seconds) =>
    seconds <= 1
      ? 'بعد لحظة'
      : plural(seconds, { two: 'بعد ثانيتين', few: 'بعد # ثوانٍ', other: 'بعد # ثانية' }),
};
