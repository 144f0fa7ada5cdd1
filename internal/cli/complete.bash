# What the rest needs of the package bash-completion, for a bash without that.
if ! declare -F _get_comp_words_by_ref >/dev/null; then
    # Sets cur, prev, words and cword. A word that bash has cut at = or : is whole again.
    _get_comp_words_by_ref() {
        local rest=$COMP_LINE i piece apart last=-1
        words=() cword=0
        for ((i = 0; i < ${#COMP_WORDS[@]}; i++)); do
            piece=${COMP_WORDS[i]} apart=
            while [[ $rest == [[:blank:]]* ]]; do
                rest=${rest#?} apart=yes
            done
            rest=${rest#"$piece"}
            if [[ $last -ge 0 && -z $apart ]] && [[ $piece == [=:]* || ${words[last]} == *[=:] ]]; then
                words[last]+=$piece
            else
                words[++last]=$piece
            fi
            [[ $i -eq $COMP_CWORD ]] && cword=$last
        done
        cur=${words[cword]} prev=
        [[ $cword -gt 0 ]] && prev=${words[cword - 1]}
        return 0
    }
fi
if ! declare -F _filedir >/dev/null; then
    _filedir() {
        local name
        COMPREPLY=()
        while IFS= read -r name; do
            COMPREPLY+=("$name")
        done < <(if [[ $1 == -d ]]; then compgen -d -- "$cur"; else compgen -f -- "$cur"; fi)
        compopt -o filenames 2>/dev/null
        return 0
    }
fi

