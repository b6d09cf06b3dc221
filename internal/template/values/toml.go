package values

import (
	"bytes"
	"errors"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

// tomlReader makes nodes of the syntax tree of a TOML document.
type tomlReader struct {
	*parser
	content []byte
	tree    unstable.Parser
}

// toml reads a TOML document. Dates and times are text, as in YAML.
func (p *parser) toml(content []byte) (*Node, error) {
	if err := toml.Unmarshal(content, new(map[string]any)); err != nil { // it knows what may be defined twice
		wrong, ok := errors.AsType[*toml.DecodeError](err)
		if !ok {
			return nil, p.errorf(0, 0, "", "%s", err)
		}
		line, column := wrong.Position()
		return nil, p.errorf(line, column, "", "%s", strings.TrimPrefix(wrong.Error(), "toml: "))
	}
	r := tomlReader{parser: p, content: content}
	r.tree.Reset(content)
	root := Map(p.origin(1, 1))
	table, path := root, ""
	for r.tree.NextExpression() {
		e := r.tree.Expression()
		var err error
		switch e.Kind {
		case unstable.KeyValue:
			err = r.keyValue(table, e, path, 1)
		case unstable.Table, unstable.ArrayTable:
			table, path, err = r.table(root, e)
		default: // a comment
		}
		if err != nil {
			return nil, err
		}
	}
	if err := r.tree.Error(); err != nil {
		return nil, p.errorf(0, 0, "", "%s", err)
	}
	return root, nil
}

func (r *tomlReader) at(n *unstable.Node) Origin {
	return text.PlaceAt(r.name, r.content, int(n.Raw.Offset))
}

// below returns the map at a key of m, or a new map. For a list of tables it returns the last table.
func (r *tomlReader) below(m *Node, key *unstable.Node, depth int) (*Node, error) {
	name := string(key.Data)
	there := m.Fields[name]
	if there == nil {
		there = Map(r.at(key))
		m.set(name, there)
		return there, r.count(there.Origin, depth)
	}
	if n := len(there.Items); n > 0 {
		there = there.Items[n-1]
	}
	return there, nil
}

// table returns the map of a [table], or a new item of a list of [[tables]], and its path.
func (r *tomlReader) table(root *Node, e *unstable.Node) (m *Node, path string, err error) {
	m = root
	depth := 0
	for keys := e.Key(); keys.Next(); {
		key := keys.Node()
		path = yamltree.Below(path, string(key.Data))
		if depth++; e.Kind == unstable.ArrayTable && keys.IsLast() {
			item := Map(r.at(key))
			name := string(key.Data)
			list := m.Fields[name]
			if list == nil {
				list = &Node{Origin: item.Origin}
				m.set(name, list)
			}
			list.Items = append(list.Items, item)
			return item, path + "[" + strconv.Itoa(len(list.Items)-1) + "]", r.count(item.Origin, depth+1)
		}
		if m, err = r.below(m, key, depth); err != nil {
			return nil, "", err
		}
	}
	return m, path, nil
}

// keyValue sets the value of a key of m, which is at path.
func (r *tomlReader) keyValue(m *Node, e *unstable.Node, path string, depth int) error {
	for keys := e.Key(); keys.Next(); depth++ {
		key := keys.Node()
		name := string(key.Data)
		path = yamltree.Below(path, name)
		if !keys.IsLast() {
			var err error
			if m, err = r.below(m, key, depth); err != nil {
				return err
			}
			continue
		}
		value, err := r.value(e.Value(), r.at(key), path, depth)
		if err != nil {
			return err
		}
		m.set(name, value)
	}
	return nil
}

func (r *tomlReader) value(n *unstable.Node, at Origin, path string, depth int) (*Node, error) {
	if err := r.count(at, depth); err != nil {
		return nil, err
	}
	switch n.Kind {
	case unstable.Array:
		list := &Node{Origin: at, Items: []*Node{}}
		for items := n.Children(); items.Next(); {
			if items.Node().Kind == unstable.Comment {
				continue
			}
			of := at
			if items.Node().Raw.Length > 0 {
				of = r.at(items.Node())
			}
			item, err := r.value(items.Node(), of, path+"["+strconv.Itoa(len(list.Items))+"]", depth+1)
			if err != nil {
				return nil, err
			}
			list.Items = append(list.Items, item)
		}
		return list, nil
	case unstable.InlineTable:
		m := Map(at)
		for entries := n.Children(); entries.Next(); {
			if entries.Node().Kind == unstable.Comment {
				continue
			}
			if err := r.keyValue(m, entries.Node(), path, depth+1); err != nil {
				return nil, err
			}
		}
		return m, nil
	default:
		scalar, problem := tomlScalar(n)
		if problem != "" {
			return nil, r.errorf(at.Line, at.Column, path, "%s", problem)
		}
		return &Node{Origin: at, Scalar: scalar}, nil
	}
}

// tomlScalar returns the value of a scalar, or a message about its problem.
func tomlScalar(n *unstable.Node) (value any, problem string) {
	written := string(n.Data)
	plain := strings.ReplaceAll(written, "_", "")
	switch n.Kind {
	case unstable.Bool:
		return bytes.Equal(n.Data, []byte("true")), ""
	case unstable.Integer:
		number, ok := new(big.Int).SetString(plain, 0)
		switch {
		case !ok:
			return nil, written + " is no integer: put it in quotes"
		case number.IsInt64():
			return int(number.Int64()), ""
		}
		return number, ""
	case unstable.Float:
		f, err := strconv.ParseFloat(plain, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, written + " is no number that can be written: put it in quotes"
		}
		if short := yamltree.FormatFloat(f); short != written && looksLikeText(written) {
			return nil, written + " is the number " + short + ": write that, or put it in quotes"
		}
		return f, ""
	default: // text, a date or a time
		return written, ""
	}
}
