package render

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// listFuncs are the functions for lists that sprig lacks:
//
//	formatEach FORMAT LIST       printf for each item; %[2]d is its number from 0, %[3]d from 1. Values between FORMAT
//	                             and LIST are the same for all items: %[4]s, %[5]s …
//	shard LIST INDEX COUNT       the items of share INDEX (from 0) of COUNT, which follow one another
//	roundRobin LIST INDEX COUNT  the items of share INDEX of COUNT, dealt out one by one
//	position LIST ITEM           the number of an item, from 0
func listFuncs() map[string]any {
	return map[string]any{
		"formatEach": formatEach,
		"shard": func(list any, index, count int) ([]any, error) {
			all, err := share(list, index, count)
			if err != nil {
				return nil, err
			}
			return all[index*len(all)/count : (index+1)*len(all)/count], nil
		},
		"roundRobin": func(list any, index, count int) ([]any, error) {
			all, err := share(list, index, count)
			if err != nil {
				return nil, err
			}
			own := []any{}
			for i := index; i < len(all); i += count {
				own = append(own, all[i])
			}
			return own, nil
		},
		"position": func(list, item any) (int, error) {
			all, err := items(list)
			if err != nil {
				return 0, err
			}
			for i, one := range all {
				if reflect.DeepEqual(one, item) {
					return i, nil
				}
			}
			return 0, fmt.Errorf("%s is not in the list", described(reflect.ValueOf(item)))
		},
	}
}

// items returns the items of a list of any type.
func items(list any) ([]any, error) {
	v := reflect.ValueOf(list)
	if v.Kind() != reflect.Slice {
		return nil, fmt.Errorf("want a list, not %s", described(v))
	}
	all := make([]any, v.Len())
	for i := range all {
		all[i] = v.Index(i).Interface()
	}
	return all, nil
}

// share returns the items of a list, and checks the number of a share of it.
func share(list any, index, count int) ([]any, error) {
	if count < 1 || index < 0 || index >= count {
		return nil, fmt.Errorf("want the number of a share, from 0, and the number of shares, as in .Index and .Replicas, not %d of %d", index, count)
	}
	return items(list)
}

func formatEach(format string, more ...any) ([]string, error) {
	if len(more) == 0 {
		return nil, errors.New("want a format and a list, as in (formatEach \"%s:9001\" LIST)")
	}
	same, list := more[:len(more)-1], more[len(more)-1]
	all, err := items(list)
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(all))
	size := 0
	for i, item := range all {
		args := []any{item}
		if strings.Contains(format, "[") {
			args = append(append(args, i, i+1), same...)
		} else if len(same) > 0 {
			return nil, fmt.Errorf("the format %q has no place for %s: write %%[1]s for the item, %%[4]s for the value behind the format",
				format, described(reflect.ValueOf(same[0])))
		}
		if texts[i], err = printf(format, args...); err != nil {
			return nil, err
		}
		if strings.Contains(texts[i], "%!") {
			return nil, fmt.Errorf("the format %q does not fit %s: %s", format, described(reflect.ValueOf(item)), texts[i])
		}
		if size += len(texts[i]); size > maxText {
			return nil, errors.New("its format makes too long a text of the list")
		}
	}
	return texts, nil
}
