/** Proves that the model of T10 lets an upload have what was acknowledged, what may have come besides, and no more. */
import { describe, expect, test } from 'vitest';
import { UploadModel } from './upload-model.ts';

describe('the model of an upload', () => {
  test('keeps what was acknowledged, in order', () => {
    const model = new UploadModel();
    model.acknowledged(Buffer.from('one '));
    model.acknowledged(Buffer.from('two'));
    model.observed(7);
    expect(model.kept.toString()).toBe('one two');
  });

  test('does not let acknowledged bytes vanish', () => {
    const model = new UploadModel();
    model.acknowledged(Buffer.from('one'));
    expect(() => model.observed(2)).toThrow('though 3 bytes were acknowledged');
  });

  test('lets a request that was cut off have added any first part of its bytes, once', () => {
    const model = new UploadModel();
    model.acknowledged(Buffer.from('a'));
    model.cutOff(Buffer.from('bcdef'));
    model.observed(1);
    model.observed(4);
    expect(model.kept.toString()).toBe('abcd');
    expect(() => model.observed(5)).toThrow('nobody sent');
  });

  test('lets nothing be added by a request that lost against another', () => {
    const model = new UploadModel();
    model.cutOff(Buffer.from('xyz'));
    model.acknowledged(Buffer.from('ab'));
    expect(model.unsettled).toBe(0);
    expect(() => model.observed(3)).toThrow('nobody sent');
  });

  test('lets nothing be added by a process that is gone', () => {
    const model = new UploadModel();
    model.cutOff(Buffer.from('xyz'));
    model.settled();
    expect(() => model.observed(1)).toThrow('nobody sent');
  });
});
