import { controlInWords } from '../../shared/domain/records/grant-controls';

describe('what a Conditional Access policy asks for', () => {
  it.each([
    ['mfa', 'MFA'],
    ['Mfa', 'MFA'],
    ['compliantDevice', 'a compliant device'],
    ['RequireCompliantDevice', 'a compliant device'],
    ['domainJoinedDevice', 'a hybrid joined device'],
    ['approvedApplication', 'an approved app'],
    ['compliantApplication', 'an app protection policy'],
    ['passwordChange', 'a password change'],
    ['Terms of use', 'Terms of use'],
  ])('%s is %s', (control, words) => {
    expect(controlInWords(control)).toBe(words);
  });
});
