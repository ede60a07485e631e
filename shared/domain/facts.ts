import { isList, type Json, type JsonObject } from './json';

/** A scalar fact as text; empty for what is absent or no scalar. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** The texts of a fact that is a set; empty for anything else. */
export function textsIn(value: Json | undefined): readonly string[] {
  return listIn(value).filter((each) => typeof each === 'string');
}

/** The objects of a fact that is a list; empty for anything else. */
export function objectsIn(value: Json | undefined): readonly JsonObject[] {
  return listIn(value).filter(
    (each): each is JsonObject => typeof each === 'object' && each !== null && !isList(each),
  );
}

function listIn(value: Json | undefined): readonly Json[] {
  return isList(value) ? value : [];
}
