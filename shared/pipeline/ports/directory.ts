/** The methods that the service lists for a person: a row of `userRegistrationDetails` of Microsoft Graph. */
export interface ListedMethods {
  /** The object id of the user, in lower case. */
  readonly userId: string;
  /** As Graph names them, such as `microsoftAuthenticatorPush`; a method that was never verified is among them. */
  readonly methods: readonly string[];
}

/** What is asked of the directory itself, beside the logs. */
export interface Directory {
  /**
   * The listed methods of these people, or of everybody, page by page. They are hours behind.
   * @throws SourceError
   */
  listedMethods(userIds?: readonly string[]): AsyncIterable<readonly ListedMethods[]>;
  /**
   * The users in a group, also through other groups: their object ids, in lower case.
   * @throws SourceError, also when there is no such group.
   */
  membersOf(groupId: string): AsyncIterable<readonly string[]>;
}
